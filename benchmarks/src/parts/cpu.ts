import type { CallsName } from '../in-process/calls.js';
import type { Bench, Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import { FLOWRRA } from '../measuring/row.js';

const CHILD = new URL('../in-process/cpu-child.js', import.meta.url);
const THREADS = 2;
const BOUND = '1.3 × piscina + I/O task';

export const cpu: Part = {
  name: 'cpu',
  about:
    `A CPU task of the memory pair beside a bare call of piscina, with ${THREADS} threads each and a function that does ` +
    'nothing. A task of Flowrra may take 1.3 times as long as the bare call, and what the broker takes: an I/O task.',
  async measure(bench) {
    for (const inFlight of [2, 16]) await calling(bench, inFlight);
  },
};

async function calling(bench: Bench, inFlight: number): Promise<void> {
  const count = bench.amount(10_000, 500);
  const time = (kind: CallsName): Promise<number> => measureApart<number>(CHILD, [kind, THREADS, inFlight, count]);
  const figures = (microseconds: number) => ({ time: microseconds, rate: 1e6 / microseconds });
  await bench.compete({
    rows: {
      time: {
        title: `CPU task, ${inFlight} in flight`,
        unit: 'µs per call',
        goals: [{ against: BOUND, atMost: 1 }],
      },
      rate: { title: `CPU tasks, ${inFlight} in flight`, unit: 'calls/s', goals: [] },
    },
    contestants: [
      { system: FLOWRRA, measure: async () => figures(await time('CPU task')) },
      { system: 'piscina', measure: async () => figures(await time('piscina')) },
      { system: 'I/O task', measure: async () => figures(await time('I/O task')) },
      { system: BOUND, measure: async () => ({ time: 1.3 * (await time('piscina')) + (await time('I/O task')) }) },
    ],
  });
}
