import type { StoreAction } from '../growth/store-child.js';
import type { Bench, Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import { FLOWRRA } from '../measuring/row.js';
import { produce, Workers } from '../queues/run-processes.js';
import { MeasuredRedis } from '../queues/server.js';

const CHILD = new URL('../growth/store-child.js', import.meta.url);
const SMALL = 'small store';
const FEW_KEPT = 1_000;
const ROUNDS = 6;

export const growth: Part = {
  name: 'growth',
  about:
    'A store over Redis that is full beside one that is not: 1,000,000 tasks beside none, for a listing beside 1,000. ' +
    'The cost of a job is the time to enqueue it, in calls of 1,000, and to run it, 100 at a time.',
  async measure(bench) {
    const stores = {
      [FLOWRRA]: await MeasuredRedis.start({ appendonly: false }),
      [SMALL]: await MeasuredRedis.start({ appendonly: false }),
    };
    const full = stores[FLOWRRA];
    const many = bench.amount(1_000_000, 10_000);
    await keepResults(full, many);
    await keepResults(stores[SMALL], FEW_KEPT);
    await listing(bench, stores);
    await running(bench, stores, 'kept results');

    await full.empty();
    await produce(FLOWRRA, full.url, 'bulk', { warmUp: 0, count: many });
    await running(bench, stores, 'waiting tasks');
    for (const store of Object.values(stores)) await store.stop();
  },
};

type Stores = Readonly<Record<typeof FLOWRRA | typeof SMALL, MeasuredRedis>>;

function ask(action: StoreAction, { url }: MeasuredRedis, count: number, rounds = 1): Promise<number> {
  return measureApart(CHILD, [action, url, count, rounds]);
}

/** By running so many jobs. */
async function keepResults({ url }: MeasuredRedis, count: number): Promise<void> {
  await produce(FLOWRRA, url, 'bulk', { warmUp: 0, count });
  const workers = await Workers.start(FLOWRRA, url, { processes: 1, concurrency: 100 });
  await workers.ran(count);
  await workers.stop(count);
}

async function listing(bench: Bench, stores: Stores): Promise<void> {
  const listings = bench.amount(300, 20);
  await bench.compete({
    rows: {
      time: {
        title: 'list the newest 100 that succeeded, by kept results',
        unit: 'ms',
        goals: [{ against: SMALL, atMost: 1.5 }],
      },
    },
    contestants: Object.entries(stores).map(([system, store]) => ({
      system,
      measure: async () => ({ time: await ask('list', store, listings) }),
    })),
  });
}

async function running(bench: Bench, stores: Stores, what: string): Promise<void> {
  const count = bench.amount(5_000, 200);
  const goals = [{ against: SMALL, atMost: 1.2 }];
  await bench.compete({
    rows: {
      time: { title: `cost of a job, by ${what}`, unit: 'µs', goals },
      cpu: { title: `Redis processor time, by ${what}`, unit: 'ms per 1,000', goals },
    },
    contestants: Object.entries(stores).map(([system, store]) => ({
      system,
      async measure() {
        if (system === SMALL) await store.empty();
        const cpuBefore = await store.cpuTime();
        const time = await ask('run', store, count, ROUNDS);
        const cpu = (await store.cpuTime()) - cpuBefore;
        return { time, cpu: (cpu / (count * ROUNDS)) * 1_000 };
      },
    })),
  });
}
