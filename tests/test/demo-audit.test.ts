import type { Firing, ScheduledTask } from '@flowrra/core';
import { expect, it } from 'vitest';
import type { LoggedRun } from '../../apps/demo/src/run-folder.js';
import { audit, isAsPromised } from '../../apps/demo/src/schedule-audit.js';

const GRID = { origin: 1_000, every: 2_000 };

/** A schedule with the slots 3000, 5000 and 7000, as it should have gone. */
function setup() {
  const schedule = { id: 'rescan', createdAt: new Date(1_000), endAt: new Date(7_500) } as ScheduledTask;
  const ledger = [3_000, 5_000, 7_000].map((slot) => firing(slot));
  const log: LoggedRun[] = ledger.map(({ id }) => ({ taskName: 'rescan', taskId: id, fence: 1 }));
  return { ledger, log, judge: () => audit(schedule, GRID, ledger, log) };
}

function firing(slot: number, changes: Partial<Firing> = {}): Firing {
  return {
    id: `slot-${slot}`,
    scheduleId: 'rescan',
    incarnation: 'i',
    slot: new Date(slot),
    until: null,
    count: 1,
    kind: 'slot',
    state: 'submitted',
    reason: null,
    node: slot === 5_000 ? 'b' : 'a',
    claimedAt: new Date(slot),
    submittedAt: new Date(slot),
    ...changes,
  };
}

it('finds slots, tasks and nodes as they should be', () => {
  const good = setup().judge();
  expect(good).toMatchObject({ slots: 3, enqueued: 3, skipped: 0, ran: 3, doubled: 0 });
  expect(Object.fromEntries(good.claims)).toEqual({ a: 2, b: 1 });
  expect(isAsPromised(good)).toBe(true);
});

it('finds a slot that is missing in the ledger', () => {
  const { ledger, log, judge } = setup();
  ledger.splice(1, 1);
  log.splice(1, 1);
  expect(judge()).toMatchObject({ slots: 3, enqueued: 2 });
  expect(isAsPromised(judge())).toBe(false);
});

it('finds a task that did not run', () => {
  const { log, judge } = setup();
  log.pop();
  expect(judge()).toMatchObject({ enqueued: 3, ran: 2 });
  expect(isAsPromised(judge())).toBe(false);
});

it.each<[string, (parts: ReturnType<typeof setup>) => unknown]>([
  ['a task that ran twice', ({ log }) => log.push({ taskName: 'rescan', taskId: 'slot-3000', fence: 1 })],
  ['a task of no slot', ({ log }) => log.push({ taskName: 'rescan', taskId: 'slot-4000', fence: 1 })],
  ['a slot that is in the ledger twice', ({ ledger }) => ledger.push(firing(3_000, { id: 'other' }))],
])('counts %s as doubled', (_name, spoil) => {
  const parts = setup();
  spoil(parts);
  expect(parts.judge().doubled).toBe(1);
  expect(isAsPromised(parts.judge())).toBe(false);
});

it('takes a task that a lost worker left to another one for what it is', () => {
  const { log, judge } = setup();
  log.push({ taskName: 'rescan', taskId: 'slot-3000', fence: 2 });
  expect(isAsPromised(judge())).toBe(true);
});

it('counts skipped slots, and a range of slots that was passed over', () => {
  const { ledger, log, judge } = setup();
  ledger.splice(0, 2, firing(3_000, { kind: 'passed-over', state: 'skipped', until: new Date(5_000), count: 2 }));
  log.splice(0, 2);
  expect(judge()).toMatchObject({ slots: 3, enqueued: 1, skipped: 2, ran: 1, doubled: 0 });
  expect(isAsPromised(judge())).toBe(true);
});
