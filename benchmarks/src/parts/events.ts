import type { PoolName } from '../in-process/pools.js';
import type { Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import { FLOWRRA } from '../measuring/row.js';

const CALLS = new URL('../in-process/calls-child.js', import.meta.url);
const EMIT = new URL('../in-process/emit-child.js', import.meta.url);
const CONCURRENCY = 100;
const PRIORITIES = 1;
const WAVE = 1_000;
const CUT_OUT = 'events cut out' satisfies PoolName;

export const events: Part = {
  name: 'events',
  about: 'What events cost when nobody listens: beside the memory pair whose events are cut out, and one event alone.',
  async measure(bench) {
    const calls = bench.amount(50_000, 2_000);
    await bench.compete({
      rows: {
        rate: { title: 'call and await, no listener', unit: 'calls/s', goals: [{ against: CUT_OUT, atLeast: 0.95 }] },
      },
      contestants: [FLOWRRA, CUT_OUT].map((system) => ({
        system,
        measure: async () => ({
          rate: await measureApart<number>(CALLS, [system, CONCURRENCY, PRIORITIES, calls, WAVE]),
        }),
      })),
    });
    const emits = bench.amount(10_000_000, 100_000);
    await bench.compete({
      rows: { time: { title: 'one event, no listener', unit: 'ns', goals: [{ atMost: 50 }] } },
      contestants: [{ system: FLOWRRA, measure: async () => ({ time: await measureApart<number>(EMIT, [emits]) }) }],
    });
  },
};
