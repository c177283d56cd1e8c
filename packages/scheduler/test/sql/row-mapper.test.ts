import type { ScheduledTask } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { definitionHash } from '../../src/schedule-identity.js';
import {
  firingToRow,
  readSchedule,
  rowToFiring,
  rowToSchedule,
  scheduleToRow,
  toDate,
} from '../../src/sql/row-mapper.js';
import type { ScheduleRow } from '../../src/sql/schema.js';

const schedule: ScheduledTask = {
  id: 'report',
  incarnation: 'inc-1',
  revision: 3,
  taskName: 'Reports.build',
  scheduleType: 'cron',
  schedule: '0 9 * * *',
  args: [{ b: 1, a: [2] }],
  kwargs: { z: null, '': 'é' },
  timeZone: 'Europe/Berlin',
  enabled: true,
  lastRun: new Date(Date.UTC(2026, 0, 1, 0, 0, 59, 999)),
  nextRun: new Date(Date.UTC(2026, 0, 2, 0, 0, 0, 600)),
  lastTaskId: 'slot-1',
  catchUp: { all: 12 },
  overlap: 'skip',
  jitter: 500,
  startAt: new Date(-1),
  endAt: null,
  maxRuns: 10,
  runCount: 2,
  queue: 'mail',
  priority: -3,
  retries: 0,
  timeout: 60_000,
  description: 'Über ALLES',
  owner: 'team',
  error: null,
  createdAt: new Date(1),
  updatedAt: new Date(2),
};

/** The row as a driver may hand it out. */
function changed(convert: (value: unknown, column: string) => unknown): ScheduleRow {
  const row = Object.entries(scheduleToRow(schedule)).map(([column, value]) => [column, convert(value, column)]);
  return Object.fromEntries(row) as ScheduleRow;
}

const isJson = (column: string): boolean => column === 'args' || column === 'kwargs';

describe('rows of schedules', () => {
  it.each<[string, (value: unknown, column: string) => unknown]>([
    ['as they were written', (value) => value],
    ['with integers as text', (value) => (typeof value === 'number' ? String(value) : value)],
    ['with integers as bigint', (value) => (typeof value === 'number' ? BigInt(value) : value)],
    ['with JSON that the driver parsed', (value, column) => (isJson(column) ? JSON.parse(String(value)) : value)],
  ])('are read %s (SQ-08, SQ-12)', (_how, convert) => {
    expect(rowToSchedule(changed(convert))).toEqual(schedule);
  });

  it('have the same definition whatever the order of keys and the form of JSON (SQ-12)', () => {
    const args = [{ a: [2], b: 1 }];
    const reordered = rowToSchedule(changed((value, column) => (column === 'args' ? args : value)));
    expect(definitionHash(reordered)).toBe(definitionHash(schedule));
    expect(scheduleToRow(reordered).definition).toBe(scheduleToRow(schedule).definition);
  });

  it('keep null apart from empty', () => {
    const empty = { ...schedule, args: [], kwargs: null, catchUp: 'latest' as const, description: null };
    expect(rowToSchedule(scheduleToRow(empty))).toEqual(empty);
    expect(rowToSchedule(scheduleToRow({ ...empty, kwargs: {} })).kwargs).toEqual({});
  });

  it('show an error, and no arguments, when somebody damaged them (SC-12)', () => {
    for (const broken of ['[1, 2', '', '"text"', '{}']) {
      const { task, damage } = readSchedule(changed((value, column) => (column === 'args' ? broken : value)));
      expect(damage).toMatch(/The stored arguments are no JSON/);
      expect(task).toMatchObject({ error: damage, damaged: true, args: [], nextRun: schedule.nextRun });
    }
  });

  it.each(['next_run', 'last_run', 'start_at', 'end_at', 'created_at', 'updated_at'])(
    'show an error, and a date that there is, when somebody wrote another one into %s (SC-12)',
    (damaged) => {
      for (const beyond of ['9000000000000000000', -8.64e15 - 1]) {
        const { task, damage } = readSchedule(changed((value, column) => (column === damaged ? beyond : value)));
        expect(damage).toMatch(/A stored instant is no date/);
        expect(task.error).toBe(damage);
        const dates = Object.values(task).filter((value) => value instanceof Date);
        expect(dates.map(Number)).not.toContain(Number.NaN);
      }
    },
  );

  it('are whole again when somebody repaired them, whatever error was left in them (SC-12)', () => {
    const { damage } = readSchedule(changed((value, column) => (column === 'args' ? '{' : value)));
    const repaired = readSchedule(changed((value, column) => (column === 'error' ? damage : value)));
    expect(repaired.damage).toBeNull();
  });
});

describe('instants', () => {
  it('are always dates that there are: one that is none is neither due nor not due', () => {
    expect(toDate('9000000000000000000')).toEqual(new Date(8.64e15));
    expect(toDate(-9e18)).toEqual(new Date(-8.64e15));
    expect(toDate(null)).toBeNull();
  });
});

describe('rows of firings', () => {
  it('are read as they were written', () => {
    const firing = {
      id: 'slot-1',
      scheduleId: 'report',
      incarnation: 'inc-1',
      slot: new Date(600),
      until: null,
      count: 1,
      kind: 'slot',
      state: 'claimed',
      reason: null,
      node: 'node-1',
      claimedAt: new Date(1_700),
      submittedAt: null,
    } as const;
    expect(rowToFiring(firingToRow(firing))).toEqual(firing);
    const passedOver = { ...firing, kind: 'passed-over', until: new Date(9), count: 7, state: 'skipped' } as const;
    expect(rowToFiring({ ...firingToRow(passedOver), slot: '600', count: 7n })).toEqual(passedOver);
  });
});
