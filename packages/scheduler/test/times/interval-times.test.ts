import { ArgumentError, type ScheduleType } from '@flowrra/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkInterval } from '../../src/schedule-times.js';
import { firstDifference, timesOf } from './times-of.js';

const DAY = 86_400_000;
const every = (ms: number) => ({ scheduleType: 'interval', schedule: String(ms) }) as const;
const at = (instant: number) => ({ scheduleType: 'one_time', schedule: String(instant) }) as const;

describe('intervals', () => {
  test('slot k is the anchor and k intervals, however late somebody asks (SC-06)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 100, max: 1e10 }),
        fc.nat(1e5),
        fc.nat(),
        (anchor, ms, k, late) => {
          const times = timesOf({ ...every(ms), createdAt: new Date(anchor) });
          const slot = anchor + (k + 1) * ms;

          expect(times.next(anchor + k * ms + (late % ms))).toBe(slot);
          expect(times.previous(slot + 1 + (late % ms))).toBe(slot);
        },
      ),
    );
  });

  test('the first slot is one interval after the creation, or the start itself', () => {
    const created = timesOf({ ...every(1_000), createdAt: new Date(5_000) });
    expect(created.next(0)).toBe(6_000);
    expect(created.previous(6_000)).toBeNull();

    const started = timesOf({ ...every(1_000), createdAt: new Date(1), startAt: new Date(5_000) });
    expect(started.next(0)).toBe(5_000);
    expect(started.previous(6_000)).toBe(5_000);
    expect(started.previous(5_000)).toBeNull();
  });

  test('they are next, previous and counted alike', () => {
    const times = timesOf({ ...every(700), startAt: new Date(1_000), endAt: new Date(3_100) });

    expect(firstDifference(times, 0, 10_000, [1_000, 1_700, 2_400, 3_100])).toBeNull();
    expect(firstDifference(times, 1_001, 3_099, [1_700, 2_400])).toBeNull();
  });

  test.each([-5, 0, 99, 99.9, Number.NaN, Number.POSITIVE_INFINITY, 1e15, '40000d', '5 minutes', '10', '', null, {}])(
    '%j is no interval',
    (value) => {
      expect(() => checkInterval(value)).toThrow(ArgumentError);
      expect(() => checkInterval(value)).toThrow(/^every must be/);
    },
  );

  test('an interval is given in milliseconds or with a unit', () => {
    expect(checkInterval(100)).toBe(100);
    expect(checkInterval('1.5s')).toBe(1_500);
    expect(checkInterval('30d')).toBe(30 * DAY);
  });

  test('a stored interval that is no number is an error', () => {
    expect(() => timesOf({ ...every(0), schedule: 'soon' })).toThrow(/stored as "soon"/);
    expect(() => timesOf({ ...every(0), schedule: '' })).toThrow(ArgumentError);
    expect(() => timesOf(every(-5))).toThrow(ArgumentError);
  });
});

describe('dates', () => {
  test('a date is one slot', () => {
    expect(firstDifference(timesOf(at(40 * DAY)), 0, 100 * DAY, [40 * DAY])).toBeNull();
    expect(firstDifference(timesOf(at(-5)), -10, 0, [-5])).toBeNull();
  });

  test('a stored date that is no number is an error', () => {
    for (const schedule of ['', 'NaN', '1e400', '99999999999999999999', '2026-01-01']) {
      expect(() => timesOf({ scheduleType: 'one_time', schedule })).toThrow(ArgumentError);
    }
  });
});

describe('what is no instant', () => {
  test.each([
    ['an expression', { schedule: '* * * * *' }],
    ['an interval', every(1_000)],
    ['a date', at(5)],
  ])('has no slot of %s after, before or around it', (_kind, schedule) => {
    const times = timesOf(schedule);

    expect([times.next(Number.NaN), times.previous(Number.NaN)]).toEqual([null, null]);
    expect([times.count(Number.NaN, 1e12), times.count(0, Number.NaN)]).toEqual([0, 0]);
    expect(times.next(Number.POSITIVE_INFINITY)).toBeNull();
    expect(times.previous(Number.NEGATIVE_INFINITY)).toBeNull();
  });
});

describe('a stored row of another version', () => {
  test('whose kind is unknown is an error', () => {
    const row = { scheduleType: 'sunrise' as ScheduleType, schedule: 'Paris' };

    expect(() => timesOf(row)).toThrow(/scheduleType "sunrise" is unknown/);
  });
});

describe('start and end', () => {
  const [startAt, endAt] = [new Date(Date.UTC(2026, 0, 1)), new Date(Date.UTC(2026, 0, 3))];

  test('no slot is before the start or after the end; at them there may be one', () => {
    const times = timesOf({ schedule: '0 0 * * *', startAt, endAt });
    const slots = [0, DAY, 2 * DAY].map((ms) => startAt.getTime() + ms);

    expect(firstDifference(times, 0, 2e12, slots)).toBeNull();
    expect(times.next(endAt.getTime())).toBeNull();
    expect(times.previous(startAt.getTime())).toBeNull();
  });

  test('a date outside of them is no slot', () => {
    expect(timesOf({ ...at(5), startAt }).next(0)).toBeNull();
    expect(timesOf({ ...at(2e12), endAt }).next(0)).toBeNull();
    expect(timesOf({ ...at(endAt.getTime()), startAt, endAt }).next(0)).toBe(endAt.getTime());
  });
});
