import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCron } from '../../src/schedule-times.js';
import { dayMatcher, OracleWindow } from './oracle.js';
import { type OffsetChange, offsetChanges } from './oracle-clock.js';
import { firstDifference, timesOf } from './times-of.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const MONTHS = ['JAN', 'feb', 'Mar', 'APR', 'may', 'Jun', 'JUL', 'aug', 'Sep', 'OCT', 'nov', 'Dec'];
const WEEKDAYS = ['SUN', 'mon', 'Tue', 'WED', 'thu', 'Fri', 'SAT'];

/** A field of the language: `*`, or a list of values, ranges and steps. */
function field(min: number, max: number, names: readonly string[] = []): fc.Arbitrary<string> {
  const value = fc.integer({ min, max });
  const shown = (number: number, byName: boolean) => (byName && names[number - min]) || String(number);
  const step = fc.option(fc.integer({ min: 1, max: Math.ceil(max / 2) }), { freq: 3 });
  const item = fc.oneof(
    fc.tuple(value, fc.boolean()).map(([number, byName]) => shown(number, byName)),
    fc.tuple(value, value, fc.boolean()).map(([a, b, byName]) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      return `${shown(low, byName)}-${shown(high, byName)}`;
    }),
    value.map(String),
    fc.constant('*'),
  );
  const list = fc.array(
    fc.tuple(item, step).map(([text, by]) => (by && !/^[a-z]/i.test(text) ? `${text}/${by}` : text)),
    { minLength: 1, maxLength: 3 },
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    { weight: 3, arbitrary: list.map((items) => items.join(',')) },
  );
}

const dayField = fc.oneof(
  { weight: 5, arbitrary: field(1, 31) },
  { weight: 1, arbitrary: fc.constantFrom('L', '15,L', 'L,1-3') },
);
const weekdayField = fc.oneof(
  { weight: 5, arbitrary: field(0, 7, WEEKDAYS) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 0, max: 7 }), fc.constantFrom('L', '#1', '#2', '#5')).map((p) => p.join('')),
  },
);
const expressions = fc
  .tuple(field(0, 59), field(0, 23), dayField, field(1, 12, MONTHS), weekdayField)
  .filter(([, , day, month, weekday]) => exists(day, month, weekday))
  .map((fields) => fields.join(' '));
const zones = fc.constantFrom('UTC', ...Intl.supportedValuesOf('timeZone'));
const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2036, 0, 1) });

describe('any expression, in any zone, from any start', () => {
  test('fifty steps grow, fit the fields, and are those of a scan of every minute (CR-10)', {
    timeout: 120_000,
  }, () => {
    fc.assert(
      fc.property(expressions, zones, instants, (expression, zone, start) => {
        const times = timesOf({ schedule: expression, timeZone: zone });
        const horizon = start + 400 * DAY;
        const last = stepsFrom(times.next, start, 50).at(-1) ?? horizon;
        const to = Math.floor(Math.min(last, horizon) / MINUTE) * MINUTE;
        const from = Math.ceil((start + 1) / MINUTE) * MINUTE;
        const oracle = new OracleWindow(changesOf(zone), from / MINUTE, to / MINUTE);
        const slots = oracle.slots(expression).map((minute) => minute * MINUTE);

        expect(firstDifference(times, start + 1, to, slots)).toBeNull();
      }),
      { numRuns: 400 },
    );
  });

  test('next, previous and count agree from any instant, also between two slots (CR-10)', () => {
    fc.assert(
      fc.property(
        expressions,
        zones,
        instants,
        fc.integer({ min: -5, max: 5 }),
        (expression, zone, instant, beside) => {
          const times = timesOf({ schedule: expression, timeZone: zone });
          const slot = times.next(instant) ?? Number.NaN;

          expect(times.next(slot - 1)).toBe(slot);
          expect(times.previous(slot + 1)).toBe(slot);
          expect(times.count(slot, slot)).toBe(1);
          expect(times.count(instant + 1, slot)).toBe(1);
          expect(times.previous(slot) ?? 0).toBeLessThanOrEqual(instant);
          expect(times.next(slot + beside)).toBe(beside < 0 ? slot : times.next(slot));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('rare dates are those of a scan of every day for a hundred years (CR-10)', () => {
    const days = fc.tuple(dayField, field(1, 12, MONTHS), weekdayField).filter((fields) => exists(...fields));
    const [from, to] = [Date.UTC(2001, 0, 1), Date.UTC(2101, 0, 1)];
    fc.assert(
      fc.property(days, (fields) => {
        const allows = dayMatcher(...fields);
        const slots: number[] = [];
        for (let day = from; day <= to; day += DAY) if (allows(day / DAY)) slots.push(day);

        expect(firstDifference(timesOf({ schedule: `0 0 ${fields.join(' ')}` }), from, to, slots)).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  test('an expression is refused exactly when no day ever matches (CR-05)', () => {
    const short = fc.tuple(
      fc.integer({ min: 28, max: 31 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom('*', '1#5', '0L'),
    );
    const days = fc.oneof(
      short.map((fields) => fields.map(String)),
      fc.tuple(dayField, field(1, 12, MONTHS), weekdayField),
    );
    fc.assert(
      fc.property(days, ([day = '', month = '', weekday = '']) => {
        const expression = `0 0 ${day} ${month} ${weekday}`;
        if (exists(day, month, weekday)) expect(checkCron(expression)).toBe(expression);
        else expect(() => checkCron(expression)).toThrow('no such date exists');
      }),
      { numRuns: 1_000 },
    );
  });

  test('seconds add to each minute, and change nothing else (CR-10)', () => {
    fc.assert(
      fc.property(expressions, field(0, 59), zones, instants, (expression, seconds, zone, start) => {
        const minutes = timesOf({ schedule: expression, timeZone: zone });
        const times = timesOf({ schedule: `${seconds} ${expression}`, timeZone: zone });
        const inAMinute = stepsFrom(timesOf({ schedule: `${seconds} * * * * *` }).next, -1, 60).filter(
          (ms) => ms < MINUTE,
        );
        const slots = stepsFrom(minutes.next, start, 5).flatMap((minute) => inAMinute.map((ms) => minute + ms));
        const from = minutes.next(start) ?? 0;

        expect(firstDifference(times, from, slots.at(-1) ?? 0, slots)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test('the longest expressions are as good as any (CR-11)', () => {
    const all = (min: number, max: number) => Array.from({ length: max - min + 1 }, (_, i) => min + i).join(',');
    const text = `${all(0, 59)} ${all(0, 59)} ${all(0, 23)} ${all(1, 31)} ${all(1, 12)} ${all(0, 6)}`;

    expect(checkCron(text, { seconds: true })).toBe(text);
    expect(timesOf({ schedule: text, timeZone: 'Europe/Berlin' }).count(0, 10 * DAY - 1)).toBe(864_000);
  });
});

/** Whether the oracle finds a day in the forty years after which leap days and weekdays come together again. */
function exists(day: string, month: string, weekday: string): boolean {
  const allows = dayMatcher(day, month, weekday);
  for (let number = 0; number < 40 * 366; number += 1) if (allows(number)) return true;
  return false;
}

function stepsFrom(next: (after: number) => number | null, start: number, count: number): number[] {
  const found: number[] = [];
  for (let slot = next(start); slot !== null && found.length < count; slot = next(slot)) found.push(slot);
  return found;
}

const known = new Map<string, OffsetChange[]>();

function changesOf(zone: string): OffsetChange[] {
  const changes = known.get(zone) ?? offsetChanges(zone);
  known.set(zone, changes);
  return changes;
}
