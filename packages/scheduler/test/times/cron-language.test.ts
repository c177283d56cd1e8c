import { ArgumentError } from '@flowrra/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCron, checkTimeZone } from '../../src/schedule-times.js';
import { timesOf } from './times-of.js';

describe('what is not a cron expression', () => {
  test.each([
    ['', 'must have five fields'],
    [' \t\n', 'must have five fields'],
    ['5', 'must have five fields'],
    ['* * * *', 'must have five fields'],
    ['* * * * 1-', '"1-" as weekday'],
    [null, 'must be a text'],
    [undefined, 'must be a text'],
    [{}, 'must be a text'],
  ])('%j is refused (CR-06)', (expression, message) => {
    expect(refusal(() => checkCron(expression))).toContain(message);
  });

  test.each([
    ['0 0 30 2 *', 'no such date exists'],
    ['0 0 31 4 *', 'no such date exists'],
    ['0 0 31 4,6 *', 'no such date exists'],
    ['0 0 30,31 FEB *', 'no such date exists'],
  ])('%j never comes and is refused (CR-05)', (expression, message) => {
    expect(refusal(() => checkCron(expression))).toContain(message);
  });

  test('a date that never comes is no harm beside a weekday that does (CR-05)', () => {
    expect(checkCron('0 0 30 2 1')).toBe('0 0 30 2 1');
    expect(checkCron('0 0 31 2,3 *')).toBe('0 0 31 2,3 *');
  });

  test.each([
    ['0 * * * * *', 'seconds: true'],
    ['0 0 0 1 1 * 2030', 'must have five fields'],
    ['@reboot', '@reboot'],
    ['@minutely', '@minutely'],
    ['60 * * * *', 'minute'],
    ['*/0 * * * *', 'minute'],
    ['*/61 * * * *', 'minute'],
    ['-1 * * * *', 'minute'],
    ['1.5 * * * *', 'minute'],
    ['5, * * * *', 'minute'],
    ['*5 * * * *', 'minute'],
    ['H * * * *', 'minute'],
    ['1//2 * * * *', 'minute'],
    ['0 24 * * *', 'hour'],
    ['0 22-2 * * *', 'hour'],
    ['0 MON * * *', 'hour'],
    ['0 0 0 * *', 'day'],
    ['0 0 32 * *', 'day'],
    ['0 0 ? * *', 'day'],
    ['0 0 LW * *', 'day'],
    ['0 0 15W * *', 'day'],
    ['0 0 L-3 * *', 'day'],
    ['0 0 * 13 *', 'month'],
    ['0 0 * 0 *', 'month'],
    ['0 0 * FOO *', 'month'],
    ['0 0 * JANUARY *', 'month'],
    ['0 0 * * 8', 'weekday'],
    ['0 0 * * L', 'weekday'],
    ['0 0 * * 1#6', 'weekday'],
    ['0 0 * * 1#0', 'weekday'],
    ['0 0 * * 1#1,2#2', 'weekday'],
    ['0 0 * * 8L', 'weekday'],
    ['0 0 * * 8#1', 'weekday'],
    ['0 0 * * FRI-MON', 'weekday'],
    ['0 0 * * MO', 'weekday'],
  ])('%j is refused, and the error names what is wrong (CR-07)', (expression, named) => {
    expect(refusal(() => checkCron(expression))).toContain(named);
  });

  test.each([
    ['0 22-4 * * *', 'two ranges.'],
    ['0 0 * * fri-mon', 'two ranges.'],
    ['0 0 * nov-feb *', 'two ranges.'],
    ['0 0 * * Mon-SUN', 'two ranges. At the end of a range Sunday is 7.'],
    ['0 0 * * 5-sun/2', 'two ranges. At the end of a range Sunday is 7.'],
  ])('%j is refused with what to write instead, whether it has numbers or names (CR-07)', (expression, ending) => {
    const advice = `write the range from the lower to the higher, or ${ending}`;
    expect(refusal(() => checkCron(expression)).endsWith(advice)).toBe(true);
  });

  test('six fields are taken when seconds are asked for (CR-07)', () => {
    expect(checkCron('*/10 * * * * *', { seconds: true })).toBe('*/10 * * * * *');
    expect(checkCron('* * * * *', { seconds: true })).toBe('* * * * *');
    expect(refusal(() => checkCron('60 * * * * *', { seconds: true }))).toContain('second');
    expect(refusal(() => checkCron('0 0 0 1 1 * 2030', { seconds: true }))).toContain('or six');
  });

  test('a text of 2 KB is refused without being read, and its error stays short (CR-11)', () => {
    expect(refusal(() => checkCron(`${'0,'.repeat(1_000)}0 * * * *`)).length).toBeLessThan(300);
    expect(refusal(() => checkCron(`${'9'.repeat(400)} * * * *`)).length).toBeLessThan(300);
  });

  test('errors hold no control characters', () => {
    expect(refusal(() => checkCron('\u001b[31m * * * *'))).not.toMatch(/[\p{Cc}]/u);
  });

  test('no text makes it throw anything but an ArgumentError', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'0159*/,-# LlHW?@montue'), maxLength: 40 }),
    );
    fc.assert(
      fc.property(texts, fc.boolean(), (text, seconds) => {
        try {
          expect(checkCron(text, { seconds })).toBe(text.trim().replace(/\s+/g, ' '));
        } catch (error) {
          expect(error).toBeInstanceOf(ArgumentError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('what is a cron expression', () => {
  test('blanks are made single; the rest stays as it was written', () => {
    expect(checkCron('  0 \t 9  * *\n mon-Fri ')).toBe('0 9 * * mon-Fri');
    expect(checkCron(' @daily ')).toBe('@daily');
  });

  test.each([
    ['@yearly', '0 0 1 1 *'],
    ['@annually', '0 0 1 JAN *'],
    ['@monthly', '0 0 1 * *'],
    ['@weekly', '0 0 * * SUN'],
    ['@daily', '0 0 * * *'],
    ['@midnight', '0 0 * * *'],
    ['@hourly', '0 * * * *'],
  ])('%s means %s', (alias, expression) => {
    const start = Date.UTC(2026, 4, 4, 4, 4);
    const [one, other] = [timesOf({ schedule: alias }), timesOf({ schedule: expression })];

    expect(one.next(start)).toBe(other.next(start));
    expect(one.count(start, start + 4e11)).toBe(other.count(start, start + 4e11));
  });

  test('a stored expression may have seconds; a broken one is an error when its times are asked for', () => {
    expect(timesOf({ schedule: '*/10 * * * * *' }).next(0)).toBe(10_000);
    expect(refusal(() => timesOf({ schedule: '61 * * * *' }))).toContain('minute');
  });
});

describe('time zones', () => {
  test.each([
    'Mars/Phobos',
    "UTC'; DROP",
    '+05:00',
    '-0800',
    '',
    ' ',
    'Europe/',
    'Europe/Berlin\n',
    'null',
    5,
    null,
    {},
  ])('%j is refused, and the error names it (CR-09)', (zone) => {
    const shown = JSON.stringify(String(zone)).slice(1, -1);
    expect(refusal(() => checkTimeZone(zone), 'timeZone')).toContain(shown);
    if (typeof zone === 'string') {
      expect(refusal(() => timesOf({ schedule: '0 0 * * *', timeZone: zone }), 'timeZone')).toContain(shown);
    }
  });

  test('an object that refuses to be a text is refused like any other (CR-09)', () => {
    const hostile = {
      toString() {
        throw new Error('no text');
      },
    };

    for (const zone of [hostile, Object.create(null), Symbol('zone')]) {
      expect(refusal(() => checkTimeZone(zone), 'timeZone')).toContain('Europe/Berlin');
    }
  });

  test.each(['BST', 'IST', 'PST', 'AST', 'ECT', 'bst', 'SystemV/PST8PDT'])(
    '%s, which only the runtime knows and often otherwise than people do, is refused',
    (zone) => {
      expect(refusal(() => checkTimeZone(zone), 'timeZone')).toContain(zone);
    },
  );

  test('a long name of no zone makes no long error (CR-09)', () => {
    expect(refusal(() => checkTimeZone(`Europe/${'x'.repeat(5_000)}`), 'timeZone').length).toBeLessThan(300);
  });

  test('every name of the runtime is taken, and other names for the same zone', () => {
    const names = [
      ...Intl.supportedValuesOf('timeZone'),
      'UTC',
      'Etc/UTC',
      'Asia/Calcutta',
      'Asia/Kolkata',
      'Etc/GMT+5',
      'EST',
      'EST5EDT',
      'CET',
      'PRC',
      'US/Eastern',
    ];

    for (const name of names) expect(checkTimeZone(name)).toBe(name);
  });

  test('the letters of a name are written as the zone writes them', () => {
    expect(checkTimeZone('europe/berlin')).toBe('Europe/Berlin');
    expect(checkTimeZone('utc')).toBe('UTC');
  });
});

function refusal(check: () => unknown, argument = 'cron'): string {
  try {
    check();
  } catch (error) {
    if (error instanceof ArgumentError && error.argument === argument) return error.message;
    throw error;
  }
  throw new Error('Nothing was refused.');
}
