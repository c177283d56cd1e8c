import { ArgumentError } from '@flowrra/core';
import { CronExpressionParser } from 'cron-parser';
import { quoted } from './quoted.js';

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
  /** `1#2`: only the second of them in a month; 0: all. */
  readonly nth: number;
  /** `5L`: the last Friday of a month. */
  readonly last: readonly number[];
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for a number. */
  readonly words?: string;
  /** What the field may hold besides numbers, ranges, lists and steps. */
  readonly special?: RegExp;
}

const FIELDS: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31, special: /^L$/ },
  { name: 'month', min: 1, max: 12, words: 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec' },
  {
    name: 'weekday',
    min: 0,
    max: 7,
    words: 'sun|mon|tue|wed|thu|fri|sat',
    special: /^([0-7]|sun|mon|tue|wed|thu|fri|sat)(L|#[1-5])$/i,
  },
];

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** All values of all fields, one by one, take 526 characters. */
const LONGEST = 600;

/**
 * The expression with single blanks. The parser reads an empty text as "every minute" and fills up missing fields: what
 * people hardly mean is refused before it.
 * @throws ArgumentError naming the field
 */
export function normalizeCron(expression: unknown, options: { seconds?: boolean | undefined } = {}): string {
  if (typeof expression !== 'string') throw broken('must be a text of five fields, such as "30 2 * * 1-5".');
  if (expression.length > LONGEST) throw broken(`has ${expression.length} characters; ${LONGEST} are enough for any.`);
  const text = expression.trim().replace(/\s+/g, ' ');
  if (ALIASES.has(text)) return text;
  if (text.startsWith('@')) {
    throw broken(`has no ${quoted(text)}. Known: ${[...ALIASES.keys()].join(', ')}.`);
  }
  const parts = text === '' ? [] : text.split(' ');
  if (parts.length !== 5 && !(parts.length === 6 && options.seconds)) {
    const wanted = options.seconds ? 'five fields, or six with seconds first' : 'five fields';
    const hint = parts.length === 6 ? ' Six, with seconds first, need the option seconds: true.' : '';
    throw broken(`must have ${wanted} (minute hour day month weekday); ${quoted(text)} has ${parts.length}.${hint}`);
  }
  const fields = FIELDS.slice(-parts.length);
  for (const [index, field] of fields.entries()) checkField(field, parts[index] ?? '');
  return text;
}

/**
 * The fields of an expression as `normalizeCron` gives it; without seconds, second 0.
 * @throws ArgumentError naming the field
 */
export function parseCron(text: string): CronFields {
  const parts = (ALIASES.get(text) ?? text).split(' ');
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

const READ_AS = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

/**
 * What a field allows, by the parser. It gets one item of a list at a time: of lists it refuses those that name a value
 * twice, as in the minutes of both a quarter and a third of an hour, and it does not say which field it means.
 */
function readField(field: (typeof READ_AS)[number], text = ''): (number | string)[] {
  const place = READ_AS.indexOf(field);
  return text.split(',').flatMap((item) => {
    try {
      const expression = READ_AS.map((_, at) => (at === place ? item : '*')).join(' ');
      return [...CronExpressionParser.parse(expression).fields[field].values];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw broken(`has ${quoted(text)} as ${FIELDS[place]?.name}: ${reason}.`);
    }
  });
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

function checkField(field: Field, text: string): void {
  if (field.special?.test(text)) return;
  for (const item of text.split(',')) if (!(field.name === 'day' && item === 'L')) checkItem(field, item, text);
}

/** One of `*`, `5`, `5-10`, `MON-FRI`, each with a step or without. */
function checkItem(field: Field, item: string, text: string): void {
  const value = field.words ? `(\\d{1,2}|${field.words})` : '(\\d{1,2})';
  const match = new RegExp(`^(?:\\*|${value}(?:-${value})?)(?:/(\\d{1,3}))?$`, 'i').exec(item);
  const { name, min, max } = field;
  if (!match) {
    throw broken(
      `has ${quoted(text)} as ${name}: take numbers from ${min} to ${max}${field.words ? ' or names of three letters' : ''}, ` +
        'ranges (1-5), lists (1,3), steps (*/2) or *.',
    );
  }
  const [, first, last, step] = match;
  for (const number of [first, last]) {
    if (number && (Number(number) < min || Number(number) > max)) {
      throw broken(`has ${quoted(text)} as ${name}: ${number} is not from ${min} to ${max}.`);
    }
  }
  if (first && last && Number(first) > Number(last)) {
    throw broken(`has ${quoted(text)} as ${name}: write the range from the lower to the higher, or two ranges.`);
  }
  if (step && (Number(step) < 1 || Number(step) > max - min + 1)) {
    throw broken(
      `has ${quoted(text)} as ${name}: a step is from 1 to ${max - min + 1}. An interval (every) has no such limit.`,
    );
  }
}

function broken(what: string): ArgumentError {
  return new ArgumentError('cron', `cron ${what}`);
}
