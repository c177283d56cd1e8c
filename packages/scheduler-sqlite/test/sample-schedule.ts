import type { ScheduledTask, SlotDecision } from '@flowrra/core';

/** A schedule that is due at 2026-01-01T00:00:00.600Z. */
export function sampleSchedule(id: string, fields: Partial<ScheduledTask> = {}): ScheduledTask {
  const created = new Date(Date.UTC(2025, 11, 31));
  return {
    id,
    incarnation: `of-${id}`,
    revision: 1,
    taskName: 'reports.build',
    scheduleType: 'interval',
    schedule: '60000',
    args: [],
    kwargs: null,
    timeZone: 'UTC',
    enabled: true,
    lastRun: null,
    nextRun: new Date(Date.UTC(2026, 0, 1, 0, 0, 0, 600)),
    lastTaskId: null,
    catchUp: 'latest',
    overlap: 'allow',
    jitter: 0,
    startAt: null,
    endAt: null,
    maxRuns: null,
    runCount: 0,
    queue: null,
    priority: null,
    retries: null,
    timeout: null,
    description: null,
    owner: null,
    error: null,
    createdAt: created,
    updatedAt: created,
    ...fields,
  };
}

/** Fires the schedule's next run once, and never again. */
export function sampleDecision({ id, incarnation, revision, nextRun }: ScheduledTask): SlotDecision {
  const slot = nextRun ?? new Date(0);
  return {
    scheduleId: id,
    incarnation,
    revision,
    dueAt: nextRun,
    nextRun: null,
    error: null,
    firings: [{ id: `slot-${incarnation}`, slot, until: null, count: 1, kind: 'slot', state: 'claimed', reason: null }],
  };
}
