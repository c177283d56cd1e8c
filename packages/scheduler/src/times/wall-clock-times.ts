import { CalendarDays } from './calendar-days.js';
import type { CronFields } from './cron-fields.js';
import { TimesOfDay } from './times-of-day.js';

export const DAY = 86_400_000;

/**
 * The times that an expression allows on a wall clock which nobody ever puts forward or back: milliseconds since
 * 1 January 1970 on that clock, whatever its zone.
 */
export class WallClockTimes {
  /** Whether the hour field allows all hours: such an expression follows the clock through every change. */
  readonly everyHour: boolean;
  readonly #days: CalendarDays;
  readonly #times: TimesOfDay;

  constructor(fields: CronFields) {
    this.everyHour = fields.hours.length === 24;
    this.#days = new CalendarDays(fields);
    this.#times = new TimesOfDay(fields);
  }

  /** False for dates such as 30 February. */
  exist(): boolean {
    return this.#days.exist();
  }

  /** The first time that is not before `wall`; Infinity when there is none. */
  from(wall: number): number {
    const day = Math.floor(wall / DAY);
    if (this.#days.has(day)) {
      const number = this.#times.before(wall - day * DAY);
      if (number < this.#times.count) return day * DAY + this.#times.at(number);
    }
    const next = this.#days.from(day + 1);
    return next === null ? Number.POSITIVE_INFINITY : next * DAY + this.#times.at(0);
  }

  /** The last time that is before `wall`; -Infinity when there is none. */
  before(wall: number): number {
    const day = Math.floor(wall / DAY);
    if (this.#days.has(day)) {
      const number = this.#times.before(wall - day * DAY);
      if (number > 0) return day * DAY + this.#times.at(number - 1);
    }
    const previous = this.#days.upTo(day - 1);
    return previous === null ? Number.NEGATIVE_INFINITY : previous * DAY + this.#times.at(this.#times.count - 1);
  }

  has(wall: number): boolean {
    return this.from(wall) === wall;
  }

  /** How many there are from `first` up to, but without, `end`. */
  count(first: number, end: number): number {
    const firstDay = Math.floor(first / DAY);
    const endDay = Math.floor(end / DAY);
    return (
      this.#days.count(firstDay, endDay) * this.#times.count - this.#sinceMidnight(first) + this.#sinceMidnight(end)
    );
  }

  #sinceMidnight(wall: number): number {
    const day = Math.floor(wall / DAY);
    return this.#days.has(day) ? this.#times.before(wall - day * DAY) : 0;
  }
}
