import { type ScheduleTimes, scheduleTimes, type TimedSchedule } from '../../src/schedule-times.js';

/** The times of a schedule of which only this much matters. */
export function timesOf(schedule: Partial<TimedSchedule> & Pick<TimedSchedule, 'schedule'>): ScheduleTimes {
  return scheduleTimes({
    scheduleType: 'cron',
    timeZone: 'UTC',
    startAt: null,
    endAt: null,
    createdAt: new Date(0),
    ...schedule,
  });
}

/** The first `count` slots after an instant, as ISO texts. */
export function slotsAfter(times: ScheduleTimes, after: string, count: number): string[] {
  const found: string[] = [];
  let slot = times.next(Date.parse(after));
  while (slot !== null && found.length < count) {
    found.push(new Date(slot).toISOString().replace(':00.000Z', 'Z').replace('.000Z', 'Z'));
    slot = times.next(slot);
  }
  return found;
}

/** What is wrong with the times between two instants, both included, if these are their slots; null: nothing. */
export function firstDifference(
  times: ScheduleTimes,
  from: number,
  to: number,
  slots: readonly number[],
): string | null {
  const show = (instant: number | null | undefined) => (instant == null ? 'none' : new Date(instant).toISOString());
  const within = (slot: number | null) => (slot === null || slot < from || slot > to ? undefined : slot);
  let after = from - 1;
  for (const slot of [...slots, undefined]) {
    const found = times.next(after);
    if (within(found) !== slot) return `next(${show(after)}) is ${show(found)}, not ${show(slot)}`;
    after = slot ?? after;
  }
  let before = to + 1;
  for (const slot of [undefined, ...slots].reverse()) {
    const found = times.previous(before);
    if (within(found) !== slot) return `previous(${show(before)}) is ${show(found)}, not ${show(slot)}`;
    before = slot ?? before;
  }
  const count = times.count(from, to);
  return count === slots.length ? null : `count is ${count}, not ${slots.length}`;
}
