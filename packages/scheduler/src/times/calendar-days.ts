import type { CronFields } from './cron-fields.js';

/** A month of the calendar. Days are counted from 1 January 1970, which is day 0. */
interface Month {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** Its first day. */
  readonly start: number;
  readonly length: number;
}

/** No slot after the year 9999. */
const LAST_YEAR = 9999;
const FIRST_YEAR = 1900;

/**
 * The days that an expression allows. A month's days are the bits of one number, which depend only on its length and the
 * weekday of its first: day `d` is bit `d - 1`.
 */
export class CalendarDays {
  readonly #months: ReadonlySet<number>;
  /** By length (28 to 31) and first weekday. */
  readonly #masks: Int32Array;

  constructor(fields: Pick<CronFields, 'months' | 'monthDays' | 'weekdays'>) {
    this.#months = new Set(fields.months);
    this.#masks = Int32Array.from({ length: 4 * 7 }, (_, shape) =>
      maskOf(fields, 28 + Math.floor(shape / 7), shape % 7),
    );
  }

  /** Whether there is such a day in any year. */
  exist(): boolean {
    return [...this.#months].some((month) => {
      const lengths = month === 2 ? [28, 29] : [daysIn(1970, month)];
      return lengths.some((length) =>
        this.#masks.subarray((length - 28) * 7, (length - 27) * 7).some((mask) => mask !== 0),
      );
    });
  }

  has(day: number): boolean {
    const month = monthOf(day);
    return (this.#maskOf(month) & (1 << (day - month.start))) !== 0;
  }

  /** The first allowed day that is not before `day`. */
  from(day: number): number | null {
    let month = monthOf(day);
    let mask = this.#maskOf(month) & (-1 << (day - month.start));
    while (mask === 0) {
      if (month.year > LAST_YEAR) return null;
      month = monthAfter(month);
      mask = this.#maskOf(month);
    }
    return month.start + 31 - Math.clz32(mask & -mask);
  }

  /** The last allowed day that is not after `day`. */
  upTo(day: number): number | null {
    let month = monthOf(day);
    let mask = this.#maskOf(month) & ~(-2 << (day - month.start));
    while (mask === 0) {
      if (month.year < FIRST_YEAR) return null;
      month = monthOf(month.start - 1);
      mask = this.#maskOf(month);
    }
    return month.start + 31 - Math.clz32(mask);
  }

  /** How many allowed days there are from `first` up to, but without, `end`. */
  count(first: number, end: number): number {
    let found = 0;
    for (let month = monthOf(first); month.start < end; month = monthAfter(month)) {
      let mask = this.#maskOf(month);
      if (month.start < first) mask &= -1 << (first - month.start);
      if (month.start + month.length > end) mask &= ~(-1 << (end - month.start));
      found += bitsIn(mask);
    }
    return found;
  }

  #maskOf({ month, start, length }: Month): number {
    if (!this.#months.has(month)) return 0;
    return this.#masks[(length - 28) * 7 + weekdayOf(start)] ?? 0;
  }
}

/** Day and weekday are alternatives unless one of the fields is exactly `*`. */
function maskOf(
  { monthDays, weekdays }: Pick<CronFields, 'monthDays' | 'weekdays'>,
  length: number,
  firstWeekday: number,
): number {
  if (!monthDays && !weekdays) return ~(-1 << length);
  let mask = 0;
  for (let day = 1; day <= length; day += 1) {
    const weekday = (firstWeekday + day - 1) % 7;
    const byDay = monthDays && (monthDays.days.includes(day) || (monthDays.last && day === length));
    const byWeekday =
      weekdays &&
      ((weekdays.days.includes(weekday) && (weekdays.nth === 0 || Math.ceil(day / 7) === weekdays.nth)) ||
        (weekdays.last.includes(weekday) && day > length - 7));
    if (byDay || byWeekday) mask |= 1 << (day - 1);
  }
  return mask;
}

/** 1 January 1970 was a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/**
 * The month of a day, by the usual arithmetic with years that begin in March, so that the leap day is a year's last.
 * @see https://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
function monthOf(day: number): Month {
  const fromMarchOfYear0 = day + 719_468;
  const era = Math.floor(fromMarchOfYear0 / 146_097);
  const dayOfEra = fromMarchOfYear0 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * fromMarch + 2) / 5);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, start: day - dayOfMonth, length: daysIn(year, month) };
}

function monthAfter(before: Month): Month {
  const year = before.month === 12 ? before.year + 1 : before.year;
  const month = before.month === 12 ? 1 : before.month + 1;
  return { year, month, start: before.start + before.length, length: daysIn(year, month) };
}

function bitsIn(mask: number): number {
  let bits = 0;
  for (let left = mask; left !== 0; left &= left - 1) bits += 1;
  return bits;
}
