import { describe, expect, test } from 'vitest';
import { slotsAfter, timesOf } from './times-of.js';

const NEW_YORK = 'America/New_York';

describe('when the clocks change', () => {
  test('a time that the clocks leave out comes once, later by what they leave out (CR-01)', () => {
    const times = timesOf({ schedule: '30 2 * * *', timeZone: NEW_YORK });

    expect(slotsAfter(times, '2026-03-07T12:00Z', 3)).toEqual([
      '2026-03-08T07:30Z',
      '2026-03-09T06:30Z',
      '2026-03-10T06:30Z',
    ]);
    expect(times.previous(Date.parse('2026-03-09T06:30Z'))).toBe(Date.parse('2026-03-08T07:30Z'));
  });

  test('a time that the clocks show twice comes once, at the first pass (CR-02)', () => {
    const times = timesOf({ schedule: '30 1 * * *', timeZone: NEW_YORK });

    expect(slotsAfter(times, '2026-10-31T12:00Z', 2)).toEqual(['2026-11-01T05:30Z', '2026-11-02T06:30Z']);
    // Asked between the passes, as after a restart, it does not come again.
    expect(slotsAfter(times, '2026-11-01T05:30Z', 1)).toEqual(['2026-11-02T06:30Z']);
  });

  test('what runs at every hour runs at every real hour, both passes (CR-03)', () => {
    const hourly = timesOf({ schedule: '0 * * * *', timeZone: NEW_YORK });
    expect(slotsAfter(hourly, '2026-11-01T03:30Z', 5)).toEqual([
      '2026-11-01T04:00Z',
      '2026-11-01T05:00Z',
      '2026-11-01T06:00Z',
      '2026-11-01T07:00Z',
      '2026-11-01T08:00Z',
    ]);

    for (const schedule of ['*/30 * * * *', '*/30 0-23 * * *']) {
      expect(slotsAfter(timesOf({ schedule, timeZone: NEW_YORK }), '2026-11-01T05:00Z', 4)).toEqual([
        '2026-11-01T05:30Z',
        '2026-11-01T06:00Z',
        '2026-11-01T06:30Z',
        '2026-11-01T07:00Z',
      ]);
    }
  });

  test('a moved time does not run twice when another one is at the same instant', () => {
    const times = timesOf({ schedule: '30 2,3 * * *', timeZone: NEW_YORK });

    expect(slotsAfter(times, '2026-03-08T00:00Z', 2)).toEqual(['2026-03-08T07:30Z', '2026-03-09T06:30Z']);
    expect(times.count(Date.parse('2026-03-08T00:00Z'), Date.parse('2026-03-08T23:00Z'))).toBe(1);
  });

  test('moved times and times after the change come in order', () => {
    const times = timesOf({ schedule: '*/20 2 * * *', timeZone: NEW_YORK });
    const both = timesOf({ schedule: '10,30 2,3 * * *', timeZone: NEW_YORK });

    expect(slotsAfter(times, '2026-03-08T00:00Z', 3)).toEqual([
      '2026-03-08T07:00Z',
      '2026-03-08T07:20Z',
      '2026-03-08T07:40Z',
    ]);
    expect(slotsAfter(both, '2026-03-08T00:00Z', 3)).toEqual([
      '2026-03-08T07:10Z',
      '2026-03-08T07:30Z',
      '2026-03-09T06:10Z',
    ]);
  });

  test('the day that Samoa left out falls on the next one', () => {
    const times = timesOf({ schedule: '0 9 30 12 *', timeZone: 'Pacific/Apia' });

    expect(slotsAfter(times, '2011-12-01T00:00Z', 2)).toEqual(['2011-12-30T19:00Z', '2012-12-29T19:00Z']);
  });

  test('half an hour is left out where the clocks change by half an hour', () => {
    const times = timesOf({ schedule: '15 2 * * *', timeZone: 'Australia/Lord_Howe' });

    expect(slotsAfter(times, '2026-10-03T00:00Z', 3)).toEqual([
      '2026-10-03T15:45Z',
      '2026-10-04T15:15Z',
      '2026-10-05T15:15Z',
    ]);
  });

  test('seconds follow the same rules as minutes', () => {
    const once = timesOf({ schedule: '15,45 59 1 * * *', timeZone: NEW_YORK });
    const everyHour = timesOf({ schedule: '30 59 * * * *', timeZone: NEW_YORK });

    expect(slotsAfter(once, '2026-11-01T00:00Z', 3)).toEqual([
      '2026-11-01T05:59:15Z',
      '2026-11-01T05:59:45Z',
      '2026-11-02T06:59:15Z',
    ]);
    expect(slotsAfter(everyHour, '2026-11-01T05:00Z', 2)).toEqual(['2026-11-01T05:59:30Z', '2026-11-01T06:59:30Z']);
  });
});

describe('on the calendar', () => {
  test('the leap day comes in leap years only (CR-04)', () => {
    const times = timesOf({ schedule: '0 0 29 2 *' });

    expect(slotsAfter(times, '2028-03-01T00:00Z', 1)).toEqual(['2032-02-29T00:00Z']);
    // 2100 is none.
    expect(slotsAfter(times, '2096-03-01T00:00Z', 1)).toEqual(['2104-02-29T00:00Z']);
    expect(times.previous(Date.parse('2028-02-29T00:00Z'))).toBe(Date.parse('2024-02-29T00:00Z'));
  });

  test('day and weekday are alternatives unless one is exactly * (CR-08)', () => {
    expect(slotsAfter(timesOf({ schedule: '0 0 13 * 5' }), '2026-02-01T00:00Z', 4)).toEqual([
      '2026-02-06T00:00Z',
      '2026-02-13T00:00Z',
      '2026-02-20T00:00Z',
      '2026-02-27T00:00Z',
    ]);
    expect(slotsAfter(timesOf({ schedule: '0 0 13 * *' }), '2026-02-01T00:00Z', 2)).toEqual([
      '2026-02-13T00:00Z',
      '2026-03-13T00:00Z',
    ]);
    // `*/2` is not `*`: Mondays, and the odd days.
    expect(slotsAfter(timesOf({ schedule: '0 0 */2 * 1' }), '2026-02-01T00:00Z', 4)).toEqual([
      '2026-02-02T00:00Z',
      '2026-02-03T00:00Z',
      '2026-02-05T00:00Z',
      '2026-02-07T00:00Z',
    ]);
    expect(slotsAfter(timesOf({ schedule: '0 0 * * 1' }), '2026-02-01T00:00Z', 2)).toEqual([
      '2026-02-02T00:00Z',
      '2026-02-09T00:00Z',
    ]);
  });

  test('last days, last weekdays and numbered weekdays of a month', () => {
    expect(slotsAfter(timesOf({ schedule: '0 0 L * *' }), '2028-01-01T00:00Z', 3)).toEqual([
      '2028-01-31T00:00Z',
      '2028-02-29T00:00Z',
      '2028-03-31T00:00Z',
    ]);
    expect(slotsAfter(timesOf({ schedule: '0 0 * * friL' }), '2026-01-01T00:00Z', 2)).toEqual([
      '2026-01-30T00:00Z',
      '2026-02-27T00:00Z',
    ]);
    expect(slotsAfter(timesOf({ schedule: '0 0 * * 1#5' }), '2026-01-01T00:00Z', 2)).toEqual([
      '2026-03-30T00:00Z',
      '2026-06-29T00:00Z',
    ]);
  });

  test('a fifth Monday in February is found, however far away', () => {
    const times = timesOf({ schedule: '0 0 * 2 1#5', timeZone: 'Europe/Berlin' });

    expect(slotsAfter(times, '2025-01-01T00:00Z', 2)).toEqual(['2044-02-28T23:00Z', '2072-02-28T23:00Z']);
  });

  test('what two items of a list both name comes once', () => {
    const times = timesOf({ schedule: '*/15,*/20,0 0-6,3,* * * *' });

    expect(slotsAfter(times, '2026-01-01T00:00Z', 6)).toEqual([
      '2026-01-01T00:15Z',
      '2026-01-01T00:20Z',
      '2026-01-01T00:30Z',
      '2026-01-01T00:40Z',
      '2026-01-01T00:45Z',
      '2026-01-01T01:00Z',
    ]);
  });

  test('Sunday is 0 and 7', () => {
    const sundays = ['2026-02-01T00:00Z', '2026-02-08T00:00Z'];

    for (const weekday of ['0', '7', 'SUN', '0,7', '7-7', '*/7']) {
      expect(slotsAfter(timesOf({ schedule: `0 0 * * ${weekday}` }), '2026-01-31T12:00Z', 2)).toEqual(sundays);
    }
    expect(slotsAfter(timesOf({ schedule: '0 0 * * 6-7' }), '2026-01-30T12:00Z', 3)).toEqual([
      '2026-01-31T00:00Z',
      '2026-02-01T00:00Z',
      '2026-02-07T00:00Z',
    ]);
  });

  test('the same date next year is the first slot after this one, wherever the clocks are', () => {
    const times = timesOf({ schedule: '@yearly', timeZone: 'Asia/Kolkata' });

    expect(slotsAfter(times, '2026-01-01T00:00Z', 2)).toEqual(['2026-12-31T18:30Z', '2027-12-31T18:30Z']);
  });
});

describe('how many', () => {
  test('decades of minutes are counted without looking at each', () => {
    const times = timesOf({ schedule: '* * * * *', timeZone: 'Europe/Berlin' });
    const [from, to] = [Date.UTC(2000, 0, 1), Date.UTC(2037, 11, 31)];

    expect(times.count(from, to)).toBe((to - from) / 60_000 + 1);
  });

  test('a time that is left out, or comes twice, counts once; both ends count', () => {
    const times = timesOf({ schedule: '30 1,2 * * *', timeZone: NEW_YORK });
    const [from, to] = [Date.parse('2026-01-01T06:30Z'), Date.parse('2026-12-31T07:30Z')];

    expect(times.count(from, to)).toBe(2 * 365);
    expect(times.count(from, to - 1)).toBe(2 * 365 - 1);
    expect(times.count(from + 1, to)).toBe(2 * 365 - 1);
    expect(times.count(to, from)).toBe(0);
  });
});

describe('at the ends of time', () => {
  test('there is no slot after the year 9999, and none before 1900', () => {
    const times = timesOf({ schedule: '0 0 1 1 *', timeZone: 'Asia/Tokyo' });

    expect(times.next(8.64e15)).toBeNull();
    expect(times.next(Date.UTC(9999, 11, 31, 15))).toBeNull();
    expect(times.previous(-8.64e15)).toBeNull();
    expect(times.previous(8.64e15)).toBe(Date.UTC(9999, 11, 31, 15));
    expect(times.next(-8.64e15)).toBe(Date.UTC(1900, 11, 31, 15));
  });
});
