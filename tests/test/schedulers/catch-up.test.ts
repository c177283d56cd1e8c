import type { CatchUp } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { describe, expect, it, vi } from 'vitest';
import { ENGINES } from '../../support/databases.js';
import { openSchedulers } from '../../support/schedulers.js';

const MINUTE = 60_000;
const SOON = { timeout: 30_000, interval: 100 };

/** What of the backlog runs; of the rest there is one row. */
const POLICIES: readonly (readonly [id: string, catchUp: CatchUp, runs: number])[] = [
  ['latest', 'latest', 1],
  ['skip', 'skip', 0],
  ['all', { all: 5 }, 5],
];

describe.concurrent.each(ENGINES)('nodes that come back after an hour on %s', (engine) => {
  it('judge the backlog of each schedule once, by its catch-up, and go on with the next slot (SC-05)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    const first = Math.ceil((await nodes.now()) / MINUTE - 60) * MINUTE;
    for (const [id, catchUp] of POLICIES) {
      const minutely = { taskName: 'tick', args: [], scheduleType: 'cron' as const, schedule: '* * * * *', catchUp };
      await nodes.backend.create(sampleSchedule(id, { ...minutely, nextRun: new Date(first) }));
    }
    await Promise.all(['a', 'b'].map((name) => nodes.node(name)));
    for (const [id, , runs] of POLICIES) {
      const rows = await vi.waitFor(async () => {
        const all = (await nodes.firings([{ id, slots: [] }])).reverse();
        expect(all.filter(({ state }) => state === 'submitted').length).toBeGreaterThanOrEqual(runs);
        expect(all.filter(({ state }) => state === 'claimed')).toEqual([]);
        expect(all.length).toBeGreaterThan(0);
        return all;
      }, SOON);
      const [passedOver, ...slots] = rows;
      expect(passedOver).toMatchObject({ kind: 'passed-over', state: 'skipped', slot: new Date(first) });
      // 60 are due, or 61 when a minute ended meanwhile.
      const due = (passedOver?.count ?? 0) + runs;
      expect(due === 60 || due === 61).toBe(true);
      const range = [passedOver?.until, ...slots.map(({ slot }) => slot)].map(Number);
      const from = due - runs - 1;
      expect(range).toEqual(range.map((_, index) => first + (from + index) * MINUTE));
      expect(slots.slice(0, runs).every(({ kind, state }) => kind === 'slot' && state === 'submitted')).toBe(true);
      expect(slots.length === runs || slots.length === runs + 1).toBe(true);
      const { nextRun } = (await nodes.backend.get(id)) ?? {};
      expect(Number(nextRun)).toBe((range.at(-1) ?? 0) + MINUTE);
    }
    const pushed = nodes.ledger().filter(({ event }) => event === 'pushed');
    expect(new Set(pushed.map(({ id }) => id)).size).toBe(pushed.length);
  });
});
