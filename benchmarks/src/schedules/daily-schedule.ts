import type { ScheduledTask } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';

const DAY = 86_400_000;

/** A schedule of every day with about 100 bytes of arguments, as a store keeps it; it has run before, as most have at most times. */
export function dailySchedule(number: number, nextRun: Date): ScheduledTask {
  const createdAt = new Date(nextRun.getTime() - DAY);
  return sampleSchedule(`schedule-${String(number).padStart(6, '0')}`, {
    taskName: 'tick',
    schedule: String(DAY),
    args: [number, 'x'.repeat(80)],
    lastRun: createdAt,
    nextRun,
    lastTaskId: `slot-${'0'.repeat(32)}`,
    runCount: 1,
    createdAt,
    updatedAt: createdAt,
  });
}
