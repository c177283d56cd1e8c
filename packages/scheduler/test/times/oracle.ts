import { type OffsetChange, offsetAt } from './oracle-clock.js';

/**
 * What the slots of a cron expression are, found by looking at every minute. It implements the text of the design, on its
 * own reading of the fields and its own table of offsets, and shares no line with what it judges:
 *
 * > With an hour field that matches all 24 hours, every instant whose local time matches is a slot. Otherwise each
 * > matching local time gives one slot: in a gap it moves forward by the gap's length, in an overlap it is the first pass;
 * > equal instants are one slot. Day and weekday are ORed unless one is exactly `*`.
 *
 * All times are in minutes: since the epoch, or since 1 January 1970 on the wall clock.
 */
export class OracleWindow {
  readonly #from: number;
  readonly #wall: Int32Array;
  readonly #firstWall: number;
  /** For each time on the wall clock: when it comes for the first time, or where it moves to if it never comes. */
  readonly #instants: Int32Array;

  /** Looks at the minutes from `from` to `to`, and a little around them. */
  constructor(
    changes: readonly OffsetChange[],
    readonly from: number,
    readonly to: number,
  ) {
    this.#from = from - AROUND;
    this.#wall = Int32Array.from({ length: to - from + 2 * AROUND }, () => 0);
    let next = changes.findIndex((change) => change.since > this.#from);
    let offset = offsetAt(changes, this.#from);
    for (let index = 0; index < this.#wall.length; index += 1) {
      const change = next === -1 ? undefined : changes[next];
      if (change && change.since <= this.#from + index) {
        offset = change.offset;
        next += 1;
      }
      this.#wall[index] = this.#from + index + offset;
    }
    this.#firstWall = Math.min(this.#wallAt(0), this.#wallAt(this.#wall.length - 1)) - AROUND;
    this.#instants = this.#firstPasses();
  }

  /** The slots from `from` to `to`, both included. */
  slots(expression: string): number[] {
    const fields = readFields(expression);
    const found = fields.everyHour ? this.#matchingInstants(fields) : this.#matchingWallTimes(fields);
    return [...new Set(found)].filter((minute) => minute >= this.from && minute <= this.to).sort((a, b) => a - b);
  }

  #wallAt(index: number): number {
    return this.#wall[index] ?? 0;
  }

  #firstPasses(): Int32Array {
    const instants = new Int32Array(this.#wall.length + 4 * AROUND).fill(NEVER);
    const set = (wall: number, instant: number) => {
      if (instants[wall - this.#firstWall] === NEVER) instants[wall - this.#firstWall] = instant;
    };
    for (let index = 0; index < this.#wall.length; index += 1) set(this.#wallAt(index), this.#from + index);
    for (let index = 1; index < this.#wall.length; index += 1) {
      const before = this.#wallAt(index - 1);
      const gap = this.#wallAt(index) - before - 1;
      // Forward by the gap's length: the minutes that never came are counted on from the last one that did.
      for (let missed = 1; missed <= gap; missed += 1) set(before + missed, this.#from + index - 1 + missed);
    }
    return instants;
  }

  #matchingInstants(fields: Fields): number[] {
    const found: number[] = [];
    for (let index = 0; index < this.#wall.length; index += 1) {
      if (matches(fields, this.#wallAt(index))) found.push(this.#from + index);
    }
    return found;
  }

  #matchingWallTimes(fields: Fields): number[] {
    const found: number[] = [];
    for (let index = 0; index < this.#instants.length; index += 1) {
      const instant = this.#instants[index] ?? NEVER;
      if (instant !== NEVER && matches(fields, this.#firstWall + index)) found.push(instant);
    }
    return found;
  }
}

const DAY = 1440;
/** Nothing moves by more than a day. */
const AROUND = 2 * DAY;
const NEVER = -1;

interface Fields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly everyHour: boolean;
  readonly dayMatches: (day: number) => boolean;
  /** By minute of the day. */
  readonly timeMatches: Uint8Array;
  readonly knownDays: Map<number, boolean>;
}

/** Whether the fields allow a time on the wall clock. */
function matches(fields: Fields, wall: number): boolean {
  const day = Math.floor(wall / DAY);
  if (fields.timeMatches[wall - day * DAY] === 0) return false;
  let known = fields.knownDays.get(day);
  if (known === undefined) {
    known = fields.dayMatches(day);
    fields.knownDays.set(day, known);
  }
  return known;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

function readFields(expression: string): Fields {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.split(' ');
  const minutes = readField(minute, 0, 59, []);
  const hours = readField(hour, 0, 23, []);
  const timeMatches = Uint8Array.from({ length: DAY }, (_, time) =>
    hours.has(Math.floor(time / 60)) && minutes.has(time % 60) ? 1 : 0,
  );
  return {
    minutes,
    hours,
    everyHour: hours.size === 24,
    dayMatches: dayMatcher(day, month, weekday),
    timeMatches,
    knownDays: new Map(),
  };
}

/** Whether day, month and weekday allow a day, which is counted from 1 January 1970. */
export function dayMatcher(day: string, month: string, weekday: string): (day: number) => boolean {
  const months = readField(month, 1, 12, ['', ...MONTHS]);
  const byDay = day.split(',').map(dayItem);
  const byWeekday = weekday.split(',').map(weekdayItem);
  return (number) => {
    const date = new Date(number * DAY * 60_000);
    if (!months.has(date.getUTCMonth() + 1)) return false;
    const dayFits = byDay.some((fits) => fits(date));
    const weekdayFits = byWeekday.some((fits) => fits(date));
    return day === '*' || weekday === '*' ? dayFits && weekdayFits : dayFits || weekdayFits;
  };
}

type DateCheck = (date: Date) => boolean;

function dayItem(text: string): DateCheck {
  if (text === 'L') return (date) => new Date(date.getTime() + DAY * 60_000).getUTCDate() === 1;
  const days = readField(text, 1, 31, []);
  return (date) => days.has(date.getUTCDate());
}

function weekdayItem(text: string): DateCheck {
  const [, plain = text, rest = ''] = /^(.+?)(L|#\d)$/.exec(text) ?? [];
  const days = readField(plain, 0, 7, WEEKDAYS);
  const fits: DateCheck = (date) => days.has(date.getUTCDay()) || (date.getUTCDay() === 0 && days.has(7));
  if (rest === 'L') {
    return (date) => fits(date) && new Date(date.getTime() + 7 * DAY * 60_000).getUTCMonth() !== date.getUTCMonth();
  }
  if (rest) return (date) => fits(date) && Math.ceil(date.getUTCDate() / 7) === Number(rest.slice(1));
  return fits;
}

/** Lists of `*`, `5`, `5-9`, each with a step or without; `5/2` goes on to the end. */
function readField(text: string, min: number, max: number, names: readonly string[]): Set<number> {
  const numberOf = (value: string) => (/^\d+$/.test(value) ? Number(value) : names.indexOf(value.toUpperCase()));
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const [range = '', step] = item.split('/');
    const [first = '', last] = range.split('-');
    const from = first === '*' ? min : numberOf(first);
    const to = first === '*' || (step && !last) ? max : numberOf(last ?? first);
    for (let value = from; value <= to; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}
