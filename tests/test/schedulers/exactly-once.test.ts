import type { Scheduler } from '@flowrra/scheduler';
import { describe, expect, it } from 'vitest';
import { ENGINES } from '../../support/databases.js';
import { openSchedulers, tick } from '../../support/schedulers.js';
import { faultsOf, latenessOf, type WatchedSchedule } from '../../support/slot-history.js';

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
      const byCron = await everyThirdSecond(nodes.scheduler, first, first + SECONDS * 1_000);
      await Promise.all(['a', 'b', 'c'].map((name) => nodes.node(name)));
      const history = await nodes.end([...together, ...spread, byCron], SECONDS * 1_000 + 30_000);
      expect(faultsOf({ ...history, latest: 5_000 })).toEqual([]);
      const claimers = new Set(history.firings.map(({ node }) => node));
      expect(claimers.size).toBeGreaterThan(1);
      const { claimed, submitted } = latenessOf(history.firings);
      console.log(`${engine}: ${history.firings.length} slots; claimed after ${claimed}; enqueued after ${submitted}`);
    },
    SECONDS * 2_000 + 60_000,
  );
});

/** Its oracle looks at every second. */
async function everyThirdSecond(scheduler: Scheduler, first: number, last: number): Promise<WatchedSchedule> {
  const { id } = await scheduler.scheduleCron('*/3 * * * * *', tick, {
    id: 'every-third-second',
    seconds: true,
    startAt: new Date(first),
    endAt: new Date(last),
  });
  const slots: number[] = [];
  for (let second = Math.ceil(first / 1_000) * 1_000; second <= last; second += 1_000)
    if (new Date(second).getUTCSeconds() % 3 === 0) slots.push(second);
  return { id, slots };
}
