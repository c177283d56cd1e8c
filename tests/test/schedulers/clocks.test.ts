import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { openSchedulers } from '../../support/schedulers.js';
import { faultsOf } from '../../support/slot-history.js';

const MINUTE = 60_000;

// The clock of a SQLite file is that of its machine: there is no other one that could be wrong.
describe.concurrent.each(['postgresql', 'mysql'] as const)(
  'nodes whose clocks are five minutes wrong, on %s',
  (engine) => {
    it('fire every slot once, at its time on the clock of the database (SC-07)', async (context) => {
      const nodes = await openSchedulers(engine, context);
      const first = (await nodes.now()) + 3_000;
      const schedules = await nodes.every({ count: 20, every: 1_000, first, spread: 50, last: first + 20_000 });
      const claimed = async () => (await nodes.firings(schedules)).map(({ node }) => node);
      // Which of two nodes claims a slot is a matter of luck: each is alone for a while, and both are there in between.
      const ahead = await nodes.node('ahead', { skew: 5 * MINUTE });
      await vi.waitFor(async () => expect(await claimed()).toContain('ahead'), { timeout: 20_000, interval: 200 });
      const behind = await nodes.node('behind', { skew: -5 * MINUTE });
      await sleep(4_000);
      const healths = await Promise.all([ahead.health(), behind.health()]);
      expect(healths).toEqual([
        { firing: true, error: null },
        { firing: true, error: null },
      ]);
      ahead.kill('SIGTERM');
      const history = await nodes.end(schedules, 60_000);
      expect(faultsOf({ ...history, latest: 5_000 })).toEqual([]);
      expect(new Set(history.firings.map(({ node }) => node))).toEqual(new Set(['ahead', 'behind']));
    });
  },
);
