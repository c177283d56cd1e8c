import { ArgumentError } from '@flowrra/core';
import { quoted } from './quoted.js';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** One of `*`, `5`, `5-10`, `MON-FRI`, each with a step or without. */
  readonly item: RegExp;
  /** What else an item may be. */
  readonly special?: RegExp;
}

const NUMBER = '\\d{1,2}';
const MONTH = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const WEEKDAY = 'sun|mon|tue|wed|thu|fri|sat';
const MONTHS = MONTH.split('|');
const WEEKDAYS = WEEKDAY.split('|');

const FIELDS: readonly Field[] = [
  { name: 'second', min: 0, max: 59, item: itemOf(NUMBER) },
  { name: 'minute', min: 0, max: 59, item: itemOf(NUMBER) },
  { name: 'hour', min: 0, max: 23, item: itemOf(NUMBER) },
  { name: 'day', min: 1, max: 31, item: itemOf(NUMBER), special: /^L$/ },
  { name: 'month', min: 1, max: 12, item: itemOf(`${NUMBER}|${MONTH}`) },
  {
    name: 'weekday',
    min: 0,
    max: 7,
    item: itemOf(`${NUMBER}|${WEEKDAY}`),
    special: new RegExp(`^([0-7]|${WEEKDAY})(L|#[1-5])$`, 'i'),
  },
];

function itemOf(value: string): RegExp {
  return new RegExp(`^(?:\\*|(${value})(?:-(${value}))?)(?:/(\\d{1,3}))?$`, 'i');
}

/** What can be written for an expression. */
export const CRON_ALIASES: ReadonlyMap<string, string> = new Map([
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
  if (typeof expression !== 'string') throw cronError('must be a text of five fields, such as "30 2 * * 1-5".');
  const { length } = expression;
  if (length > LONGEST) throw cronError(`has ${length} characters; ${LONGEST} are enough for any.`);
  const text = expression.trim().replace(/\s+/g, ' ');
  if (CRON_ALIASES.has(text)) return text;
  if (text.startsWith('@')) {
    throw cronError(`has no ${quoted(text)}. Known: ${[...CRON_ALIASES.keys()].join(', ')}.`);
  }
  const parts = text === '' ? [] : text.split(' ');
  if (parts.length !== 5 && !(parts.length === 6 && options.seconds)) {
    const wanted = options.seconds ? 'five fields, or six with seconds first' : 'five fields';
    const hint = parts.length === 6 ? ' Six, with seconds first, need the option seconds: true.' : '';
    throw cronError(`must have ${wanted} (minute hour day month weekday); ${quoted(text)} has ${parts.length}.${hint}`);
  }
  const fields = FIELDS.slice(-parts.length);
  for (const [index, field] of fields.entries()) checkField(field, parts[index] ?? '');
  return text;
}

function checkField(field: Field, text: string): void {
  const items = text.split(',');
  for (const item of items) {
    if (!field.special?.test(item)) checkItem(field, item, text);
    else if (item.includes('#') && items.length > 1) {
      throw cronError(`has ${quoted(text)} as ${field.name}: # stands alone. Make two schedules of it.`);
    }
  }
}

function checkItem({ name, min, max, item: pattern }: Field, item: string, text: string): void {
  const wrong = (what: string) => cronError(`has ${quoted(text)} as ${name}: ${what}`);
  const match = pattern.exec(item);
  if (!match) {
    const names = name === 'month' || name === 'weekday' ? ' or names of three letters' : '';
    throw wrong(`take numbers from ${min} to ${max}${names}, ranges (1-5), lists (1,3), steps (*/2) or *.`);
  }
  const [, first, last, step] = match;
  for (const number of [first, last]) {
    if (number && (Number(number) < min || Number(number) > max)) {
      throw wrong(`${number} is not from ${min} to ${max}.`);
    }
  }
  if (first && last && numberOf(first) > numberOf(last)) {
    const sunday = name === 'weekday' && numberOf(last) === 0 ? ' At the end of a range Sunday is 7.' : '';
    throw wrong(`write the range from the lower to the higher, or two ranges.${sunday}`);
  }
  if (step && (Number(step) < 1 || Number(step) > max - min + 1)) {
    throw wrong(`a step is from 1 to ${max - min + 1}. An interval (every) has no such limit.`);
  }
}

/** Of a number or a name, which is only right to compare within its field. */
function numberOf(value: string): number {
  const name = value.toLowerCase();
  const month = MONTHS.indexOf(name);
  return /^\d/.test(value) ? Number(value) : month < 0 ? WEEKDAYS.indexOf(name) : month + 1;
}

/** Says what is wrong with a cron expression: `what` goes on after its name. */
export function cronError(what: string): ArgumentError {
  return new ArgumentError('cron', `cron ${what}`);
}
