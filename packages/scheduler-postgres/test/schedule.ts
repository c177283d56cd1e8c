import type { ScheduledTask } from '@flowrra/core';

const CREATED = new Date('2026-03-01T12:00:00.600Z');

/** A schedule of every minute. */
export function schedule(id: string, changes: Partial<ScheduledTask> = {}): ScheduledTask {
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
    nextRun: CREATED,
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
    createdAt: CREATED,
    updatedAt: CREATED,
    ...changes,
  };
}
