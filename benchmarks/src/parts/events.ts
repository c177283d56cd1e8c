import type { Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import { FLOWRRA } from '../measuring/row.js';

const CALLS = new URL('../in-process/events-child.js', import.meta.url);
const EMIT = new URL('../in-process/emit-child.js', import.meta.url);
const CUT_OUT = 'events cut out';

export const events: Part = {
  name: 'events',
  about:
    'What events cost when nobody listens: beside the same executor over the memory pair with its events cut out, by turns in one process, and one event alone.',
  async measure(bench) {
    const waves = bench.amount(120, 4);
    const takeTurns = forBoth(() => measureApart<{ told: number; cutOut: number }>(CALLS, [waves]));
    await bench.compete({
      rows: {
        rate: { title: 'call and await, no listener', unit: 'calls/s', goals: [{ against: CUT_OUT, atLeast: 0.95 }] },
      },
      contestants: [
        { system: FLOWRRA, measure: async () => ({ rate: (await takeTurns(FLOWRRA)).told }) },
        { system: CUT_OUT, measure: async () => ({ rate: (await takeTurns(CUT_OUT)).cutOut }) },
      ],
    });
    const emits = bench.amount(10_000_000, 100_000);
    await bench.compete({
      rows: { time: { title: 'one event, no listener', unit: 'ns', goals: [{ atMost: 50 }] } },
      contestants: [{ system: FLOWRRA, measure: async () => ({ time: await measureApart<number>(EMIT, [emits]) }) }],
    });
  },
};

/** Measures anew when a system comes again; the other one gets what was measured with it. */
function forBoth<T>(measure: () => Promise<T>): (system: string) => Promise<T> {
  const served = new Set<string>();
  let figures: Promise<T> | undefined;
  return (system) => {
    if (!figures || served.has(system)) {
      figures = measure();
      served.clear();
    }
    served.add(system);
    return figures;
  };
}
