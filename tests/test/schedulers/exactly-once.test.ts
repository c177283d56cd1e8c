import { describe, expect, it } from 'vitest';
import { ENGINES } from '../../support/databases.js';
import { openSchedulers } from '../../support/schedulers.js';
import { faultsOf, latenessOf } from '../../support/slot-history.js';

/** The whole minute of the promise takes as long on each engine; by default the same in a fifth of it. */
const SECONDS = process.env.FLOWRRA_LONG ? 60 : 12;

describe.each(ENGINES)('three nodes and 200 schedules of one second on %s', (engine) => {
  it(
    'enqueue every slot exactly once, none early (SC-01)',
    async (context) => {
      const nodes = await openSchedulers(engine, context);
      const first = (await nodes.now()) + 4_000;
      // Some are due together, some one after the other.
      const together = await nodes.every({ count: 100, every: 1_000, first, last: first + SECONDS * 1_000 });
      const spread = await nodes.every({ count: 100, every: 1_001, first, spread: 10, last: first + SECONDS * 1_000 });
      await Promise.all(['a', 'b', 'c'].map((name) => nodes.node(name)));
      const history = await nodes.end([...together, ...spread], SECONDS * 1_000 + 30_000);
      expect(faultsOf({ ...history, latest: 5_000 })).toEqual([]);
      const claimers = new Set(history.firings.map(({ node }) => node));
      expect(claimers.size).toBeGreaterThan(1);
      const { claimed, submitted } = latenessOf(history.firings);
      console.log(`${engine}: ${history.firings.length} slots; claimed after ${claimed}; enqueued after ${submitted}`);
    },
    SECONDS * 2_000 + 60_000,
  );
});
