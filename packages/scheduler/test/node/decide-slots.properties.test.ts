import type { CatchUp, NewFiring, ScheduledTask } from '@flowrra/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATCH_UP_GRACE, decideSlots } from '../../src/firing/decide-slots.js';
import { at, HOUR, MINUTE, START, schedule } from './setup.js';

/** A schedule, and its grid by plain arithmetic: `first + k * step`, up to `last`. */
interface Gridded {
  readonly task: ScheduledTask;
  readonly first: number;
  readonly step: number;
  readonly last: number;
}

const catchUps = fc.oneof(
  fc.constantFrom<CatchUp>('latest', 'skip'),
  fc.record({ all: fc.integer({ min: 1, max: 30 }) }),
);

const common = fc.record({
  catchUp: catchUps,
  overlap: fc.constantFrom('allow' as const, 'skip' as const),
  maxRuns: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }),
  endAfter: fc.option(fc.integer({ min: 0, max: 6 * HOUR }), { nil: null }),
});

const intervals = fc.record({
  every: fc.integer({ min: 100, max: HOUR }),
  startAfter: fc.option(fc.integer({ min: -HOUR, max: HOUR }), { nil: null }),
});

const gridded: fc.Arbitrary<Gridded> = fc
  .tuple(common, fc.oneof(intervals, fc.constantFrom(1, 2, 5, 20, 30)))
  .map(([{ endAfter, ...fields }, timing]) => {
    const endAt = endAfter === null ? null : at(endAfter);
    const last = endAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (typeof timing === 'number') {
      const task = schedule('g', { ...fields, endAt, scheduleType: 'cron', schedule: `*/${timing} * * * *` });
      return { task, first: START + timing * MINUTE, step: timing * MINUTE, last };
    }
    const { every, startAfter } = timing;
    const startAt = startAfter === null ? null : at(startAfter);
    // `schedule()` is due at the first slot after the start of the clock, as if it had just been enabled.
    const anchor = startAt?.getTime() ?? START;
    const first = anchor > START ? anchor : anchor + (Math.floor((START - anchor) / every) + 1) * every;
    return { task: schedule('g', { ...fields, startAt, endAt, schedule: String(every) }), first, step: every, last };
  });

/** How long the nodes were away before each look, and whether the task of the last run was still live then. */
const looks = fc.array(
  fc.record({
    delay: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 4 * HOUR })),
    live: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

interface Decided {
  readonly now: number;
  readonly before: ScheduledTask;
  readonly after: ScheduledTask;
  readonly firings: readonly NewFiring[];
}

/** What a store and its nodes make of the schedule. */
function play(task: ScheduledTask, ticks: readonly { delay: number; live: boolean }[]): Decided[] {
  const decided: Decided[] = [];
  let row = task;
  let now = START;
  for (const { delay, live } of ticks) {
    now += delay;
    if (!row.nextRun || row.nextRun.getTime() > now) continue;
    const before = row;
    const { firings, nextRun } = decideSlots(row, new Date(now), { lastRunIsLive: live && row.overlap === 'skip' });
    const ran = firings.filter(({ state }) => state === 'claimed').length;
    row = { ...row, nextRun, runCount: row.runCount + ran };
    decided.push({ now, before, after: row, firings });
  }
  return decided;
}

/** Every slot that a firing speaks of; of a range, all slots of the grid in it. */
function covered({ step }: Gridded, { slot, until }: NewFiring): number[] {
  const slots: number[] = [];
  for (let one = slot.getTime(); one <= (until ?? slot).getTime(); one += step) slots.push(one);
  return slots;
}

function check(property: (grid: Gridded, decided: readonly Decided[]) => void): void {
  fc.assert(
    fc.property(gridded, looks, (grid, ticks) => property(grid, play(grid.task, ticks))),
    { numRuns: 500 },
  );
}

describe('decideSlots, whatever the schedule and the delays', () => {
  it('speaks of every slot of the grid exactly once, up to the last look or the last run allowed (SC-06)', () => {
    check((grid, decided) => {
      const spoken = decided.flatMap(({ firings }) => firings.flatMap((firing) => covered(grid, firing)));
      const lastLook = decided.at(-1)?.now ?? START;
      const expected: number[] = [];
      for (let slot = grid.first; slot <= Math.min(lastLook, grid.last); slot += grid.step) expected.push(slot);
      expect(spoken).toEqual(expected);
    });
  });

  it('counts in a range what is in it, and gives every firing an id of its own', () => {
    check((grid, decided) => {
      const firings = decided.flatMap((one) => one.firings);
      for (const firing of firings) expect(firing.count).toBe(covered(grid, firing).length);
      expect(new Set(firings.map(({ id }) => id)).size).toBe(firings.length);
    });
  });

  it('moves the next run only forward, to the first slot that is not due', () => {
    check((grid, decided) => {
      for (const { now, before, after } of decided) {
        const last = before.nextRun?.getTime() ?? 0;
        if (!after.nextRun) continue;
        const next = after.nextRun.getTime();
        expect(next).toBeGreaterThan(Math.max(now, last));
        expect(next - now).toBeLessThanOrEqual(grid.step);
        expect((next - grid.first) % grid.step).toBe(0);
      }
    });
  });

  it('ends when no slot or no run is left, and not before', () => {
    check((grid, decided) => {
      for (const { now, after } of decided) {
        const { nextRun, runCount, maxRuns } = after;
        const used = maxRuns !== null && runCount >= maxRuns;
        const noSlot = grid.first + Math.max(0, Math.floor((now - grid.first) / grid.step) + 1) * grid.step > grid.last;
        expect(nextRun === null).toBe(used || noSlot);
        if (maxRuns !== null) expect(runCount).toBeLessThanOrEqual(maxRuns);
      }
    });
  });

  it('runs as many slots as grace, policy, overlap and limit allow', () => {
    check(({ task }, decided) => {
      for (const { now, before, firings } of decided) {
        const due = firings.reduce((sum, { count }) => sum + count, 0);
        const late = now - (before.nextRun?.getTime() ?? now);
        const { catchUp } = task;
        const policy = catchUp === 'latest' ? 1 : catchUp === 'skip' ? 0 : catchUp.all;
        const allowed = Math.min(due, late < CATCH_UP_GRACE ? due : policy);
        const left = task.maxRuns === null ? due : task.maxRuns - before.runCount;
        const ran = firings.filter(({ state }) => state === 'claimed').length;
        const skipped = firings.filter(({ kind, state }) => kind === 'slot' && state === 'skipped').length;
        if (task.overlap === 'allow') expect(ran).toBe(Math.min(allowed, left));
        else expect(ran + skipped).toBe(allowed);
        if (task.overlap === 'skip') expect(ran).toBeLessThanOrEqual(1);
      }
    });
  });
});
