import type { ScheduledTask } from '@flowrra/core';
import { scheduleTimes } from './schedule-times.js';

/**
 * The next slots after `now` that will run: within `startAt` and `endAt`, no more than `maxRuns` leaves, from the stored
 * next run on if that is to come. A disabled schedule is treated as if it were enabled now. A one-time schedule that is
 * overdue still has its slot before it.
 */
export function upcomingSlots(schedule: ScheduledTask, now: Date, count: number): Date[] {
  const { enabled, nextRun, scheduleType } = schedule;
  if (enabled && nextRun === null) return [];
  if (enabled && nextRun && scheduleType === 'one_time') return [new Date(nextRun)];
  const times = scheduleTimes(schedule);
  const most = Math.min(count, runsLeft(schedule));
  const slots: Date[] = [];
  const first = enabled && nextRun && nextRun > now ? nextRun.getTime() : times.next(now.getTime());
  for (let slot = first; slot !== null && slots.length < most; slot = times.next(slot)) {
    slots.push(new Date(slot));
  }
  return slots;
}

/** How many slots may still run. */
export function runsLeft({ maxRuns, runCount }: Pick<ScheduledTask, 'maxRuns' | 'runCount'>): number {
  return maxRuns === null ? Number.POSITIVE_INFINITY : Math.max(0, maxRuns - runCount);
}
