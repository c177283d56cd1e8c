import { CronExpressionParser } from 'cron-parser';
import { CRON_ALIASES, cronError } from './cron-language.js';
import { quoted } from './quoted.js';
import { RecentlyUsed } from './recently-used.js';

/** What the fields of a cron expression allow. Lists are in order and hold no value twice. */
export interface CronFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** Null: the field is exactly `*`. */
  readonly monthDays: MonthDayField | null;
  readonly weekdays: WeekdayField | null;
}

/** The third of the five fields. */
export interface MonthDayField {
  /** 1 to 31. */
  readonly days: readonly number[];
  /** `L`: the last day of the month. */
  readonly last: boolean;
}

/** The last field; Sunday is 0. */
export interface WeekdayField {
  readonly days: readonly number[];
  /** `1#2`: only the second of them in a month; 0: each. */
  readonly nth: number;
  /** `5L`: the last Friday of a month. */
  readonly last: readonly number[];
}

/**
 * The fields of an expression as `normalizeCron` gives it; without seconds, second 0.
 * @throws ArgumentError naming the field
 */
export function parseCron(text: string): CronFields {
  const parts = (CRON_ALIASES.get(text) ?? text).split(' ');
  const [second, minute, hour, monthDay, month, weekday] = parts.length === 5 ? ['0', ...parts] : parts;
  return {
    seconds: numbers(readField('second', second)),
    minutes: numbers(readField('minute', minute)),
    hours: numbers(readField('hour', hour)),
    months: numbers(readField('month', month)),
    monthDays: monthDay === '*' ? null : monthDayField(readField('dayOfMonth', monthDay)),
    weekdays: weekday === '*' ? null : weekdayField(readField('dayOfWeek', weekday), weekday),
  };
}

/** The parser's names of the fields, in order, and ours. */
const FIELDS = {
  second: 'second',
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day',
  month: 'month',
  dayOfWeek: 'weekday',
} as const;
type FieldName = keyof typeof FIELDS;

/** Expressions are many, what their fields are made of is not; and the parser is slow. */
const parsedItems = new RecentlyUsed<readonly (number | string)[]>(2_000);

/**
 * What a field allows, by the parser. It gets one item of a list at a time: it refuses lists that name a value twice, such
 * as the minutes of a quarter and of a third of an hour, and it does not say which field it means.
 */
function readField(field: FieldName, text = ''): (number | string)[] {
  return text.split(',').flatMap((item) => {
    try {
      return parsedItems.get(`${field} ${item}`, () => parseItem(field, item));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw cronError(`has ${quoted(text)} as ${FIELDS[field]}: ${reason}.`);
    }
  });
}

function parseItem(field: FieldName, item: string): readonly (number | string)[] {
  const expression = Object.keys(FIELDS)
    .map((name) => (name === field ? item : '*'))
    .join(' ');
  // Without a date it would look at the clock.
  return CronExpressionParser.parse(expression, { currentDate: 0 }).fields[field].values;
}

function numbers(values: readonly (number | string)[]): number[] {
  return [...new Set(values.filter((value) => typeof value === 'number'))].sort((a, b) => a - b);
}

function monthDayField(values: readonly (number | string)[]): MonthDayField {
  return { days: numbers(values), last: values.includes('L') };
}

/** Sunday may be written as 7; the last Friday comes as `5L`, the second as 5. */
function weekdayField(values: readonly (number | string)[], text = ''): WeekdayField {
  const last = values.filter((value) => typeof value === 'string');
  return {
    days: numbers(numbers(values).map((day) => day % 7)),
    nth: Number(/#(\d)/.exec(text)?.[1] ?? 0),
    last: numbers(last.map((day) => Number.parseInt(day, 10) % 7)),
  };
}
