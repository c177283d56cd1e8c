import type { Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import { FLOWRRA } from '../measuring/row.js';
import { MeasuredRedis } from '../queues/server.js';

const CHILD = new URL('../in-process/waits-child.js', import.meta.url);

export const waits: Part = {
  name: 'waits',
  about: 'One process that awaits 10,000 results over Redis at once. Its connections include the one for commands.',
  async measure(bench) {
    const server = await MeasuredRedis.start({ appendonly: false });
    await bench.compete({
      rows: {
        connections: { title: 'connections of a waiting process', unit: 'connections', goals: [{ atMost: 2 }] },
        warnings: { title: 'warnings of Node', unit: 'warnings', goals: [{ atMost: 0 }] },
        bytes: { title: 'memory of a waiter', unit: 'bytes', goals: [{ atMost: 2_048 }] },
      },
      contestants: [
        {
          system: FLOWRRA,
          async measure() {
            await server.empty();
            const count = bench.amount(10_000, 1_000);
            return measureApart<{ connections: number; warnings: number; bytes: number }>(
              CHILD,
              [server.url, count],
              ['--expose-gc'],
            );
          },
        },
      ],
    });
    await server.stop();
  },
};
