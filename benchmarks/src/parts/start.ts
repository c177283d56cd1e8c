import type { Bench, Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import { FLOWRRA, type Goal } from '../measuring/row.js';
import { median } from '../measuring/statistics.js';
import { jobOf } from '../queues/queue-system.js';
import { MeasuredRedis } from '../queues/server.js';
import { QUEUE_SYSTEMS } from '../queues/systems.js';

const IMPORT = new URL('../starting/import-child.mjs', import.meta.url);
const MIB = 1024 ** 2;
const NO_MORE: readonly Goal[] = [{ against: 'BullMQ', atMost: 1 }];

/** What an import or a start took: milliseconds, and bytes of resident memory. */
interface Cost {
  readonly time: number;
  readonly memory: number;
}

export const start: Part = {
  name: 'start',
  about:
    'A process that imports the package, of which Flowrra loads the code for its store at the first use; and a worker over Redis, from the start of its process until it runs the job ' +
    'that waits for it, and its resident memory then. Plain Node, no loader.',
  async measure(bench) {
    await importing(bench);
    await serving(bench);
  },
};

async function importing(bench: Bench): Promise<void> {
  const packages = { [FLOWRRA]: '@flowrra/core', BullMQ: 'bullmq' };
  await bench.compete({
    rows: {
      time: { title: 'import', unit: 'ms', goals: NO_MORE },
      memory: { title: 'import, resident memory', unit: 'MiB', goals: NO_MORE },
    },
    contestants: Object.entries(packages).map(([system, name]) => ({
      system,
      measure: () => middleOf(bench, () => measureApart<Cost>(IMPORT, [name])),
    })),
  });
}

async function serving(bench: Bench): Promise<void> {
  const server = await MeasuredRedis.start({ appendonly: false });
  const scripts = { [FLOWRRA]: 'flowrra-worker.mjs', BullMQ: 'bullmq-worker.mjs' } as const;
  await bench.compete({
    rows: {
      time: { title: 'start of a worker, until it serves', unit: 'ms', goals: NO_MORE },
      memory: { title: 'worker, resident memory', unit: 'MiB', goals: NO_MORE },
    },
    contestants: (['Flowrra', 'BullMQ'] as const).map((system) => ({
      system,
      measure: () =>
        middleOf(bench, async () => {
          await server.empty();
          const producer = await (await QUEUE_SYSTEMS[system]()).openProducer(server.url, { awaitsResults: false });
          await producer.enqueue(jobOf(0));
          const begin = performance.timeOrigin + performance.now();
          const script = new URL(`../starting/${scripts[system]}`, import.meta.url);
          const { at, memory } = await measureApart<{ at: number; memory: number }>(script, [server.url]);
          const finished = await producer.countFinished();
          await producer.close();
          if (finished !== 1) throw new Error(`${system} says that ${finished} of 1 jobs have ended.`);
          return { time: at - begin, memory };
        }),
    })),
  });
  await server.stop();
}

/** The medians of several, as one start alone depends much on what the machine does meanwhile. */
async function middleOf(bench: Bench, measure: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let i = 0; i < bench.amount(5, 1); i++) costs.push(await measure());
  return { time: median(costs.map(({ time }) => time)), memory: median(costs.map(({ memory }) => memory)) / MIB };
}
