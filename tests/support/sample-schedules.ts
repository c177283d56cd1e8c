import type { Firing, NewFiring, ScheduledTask, SlotDecision } from '@flowrra/core';

/** A schedule of every minute that is due at `nextRun`. */
export function sampleSchedule(id: string, changes: Partial<ScheduledTask> = {}): ScheduledTask {
  const createdAt = new Date('2026-03-01T12:00:00.600Z');
  return {
    id,
    incarnation: `incarnation-of-${id}`,
    revision: 1,
    taskName: 'reports.build',
    scheduleType: 'interval',
    schedule: '60000',
    args: [],
    kwargs: null,
    timeZone: 'UTC',
    enabled: true,
    lastRun: null,
    nextRun: createdAt,
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
    createdAt,
    updatedAt: createdAt,
    ...changes,
  };
}

/** Any number of schedules in one transaction's worth of changes. */
export function creations(count: number, changes: (index: number) => Partial<ScheduledTask> = () => ({})) {
  return Array.from({ length: count }, (_, index) => ({
    before: null,
    after: sampleSchedule(`job-${String(index).padStart(5, '0')}`, changes(index)),
  }));
}

/** To fire the slot at which the schedule is due, and to go on a minute later. */
export function fireDueSlot({ id, incarnation, revision, nextRun }: ScheduledTask): SlotDecision {
  const slot = nextRun ?? new Date(0);
  const firing: NewFiring = {
    id: `slot-${incarnation}-${slot.getTime()}`,
    slot,
    until: null,
    count: 1,
    kind: 'slot',
    state: 'claimed',
    reason: null,
  };
  return {
    scheduleId: id,
    incarnation,
    revision,
    dueAt: nextRun,
    nextRun: new Date(slot.getTime() + 60_000),
    error: null,
    firings: [firing],
  };
}

export function idsOf(items: readonly Pick<Firing | ScheduledTask, 'id'>[]): string[] {
  return items.map(({ id }) => id);
}
