import type { ScheduledTask } from '@flowrra/core';

const DAY = 86_400_000;

/** A schedule of every day with about 100 bytes of arguments, as a store keeps it; it has run before, as most have at most times. */
export function sampleSchedule(number: number, nextRun: Date): ScheduledTask {
  const createdAt = new Date(nextRun.getTime() - DAY);
  return {
    id: `schedule-${String(number).padStart(6, '0')}`,
    incarnation: `incarnation-${number}`,
    revision: 1,
    taskName: 'tick',
    scheduleType: 'interval',
    schedule: String(DAY),
    args: [number, 'x'.repeat(80)],
    kwargs: null,
    timeZone: 'UTC',
    enabled: true,
    lastRun: createdAt,
    nextRun,
    lastTaskId: `slot-${'0'.repeat(32)}`,
    catchUp: 'latest',
    overlap: 'allow',
    jitter: 0,
    startAt: null,
    endAt: null,
    maxRuns: null,
    runCount: 1,
    queue: null,
    priority: null,
    retries: null,
    timeout: null,
    description: null,
    owner: null,
    error: null,
    createdAt,
    updatedAt: createdAt,
  };
}
