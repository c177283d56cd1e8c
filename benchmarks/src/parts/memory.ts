import type { PoolName } from '../in-process/pools.js';
import type { Bench, Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import type { Goal } from '../measuring/row.js';

const CHILD = new URL('../in-process/calls-child.js', import.meta.url);
const CONCURRENCY = 100;

export const memory: Part = {
  name: 'memory',
  about:
    'The memory pair beside queues of functions, 100 at a time. Calls are made one by one, all at once or in waves, and ' +
    'each result is awaited. Flowrra keeps every result for a day; the others keep nothing.',
  async measure(bench) {
    const count = bench.amount(200_000, 2_000);
    const all = { priorities: 1, count, wave: count };
    await calling(
      bench,
      'all calls at once',
      all,
      ['Flowrra', 'p-queue', 'fastq'],
      [{ against: 'p-queue', atLeast: 1 }],
    );
    await calling(
      bench,
      'all calls at once, ten priorities',
      { ...all, priorities: 10 },
      ['Flowrra', 'p-queue'],
      [{ against: 'p-queue', atLeast: 3 }],
    );
    // No goal: shows how much of the above is the price of 200,000 promises at a time, for each of them.
    const waves = { priorities: 1, count: count / 4, wave: 1_000 };
    await calling(bench, 'waves of 1,000 calls', waves, ['Flowrra', 'p-queue', 'fastq'], []);
  },
};

async function calling(
  bench: Bench,
  title: string,
  { priorities, count, wave }: { priorities: number; count: number; wave: number },
  systems: readonly PoolName[],
  goals: readonly Goal[],
): Promise<void> {
  await bench.compete({
    rows: { rate: { title, unit: 'calls/s', goals } },
    contestants: systems.map((system) => ({
      system,
      measure: async () => ({
        rate: await measureApart<number>(CHILD, [system, CONCURRENCY, priorities, count, wave]),
      }),
    })),
  });
}
