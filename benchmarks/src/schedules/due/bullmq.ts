import { Queue, Worker } from 'bullmq';
import { cronOf, type DueSystem, dataOf, eachOf, type Stores } from './due-system.js';

const NAME = 'ticks';

/** Its workers give out the jobs of job schedulers and plan the next ones: one serves the queue, and does nothing in a job. */
export function openBullmq({ redis: url }: Stores): DueSystem {
  const queue = new Queue(NAME, { connection: { url } });
  return {
    async open() {
      await queue.waitUntilReady();
    },
    async create({ count, due }) {
      const pattern = cronOf(due);
      await eachOf(count, (number) =>
        queue.upsertJobScheduler(`schedule-${number}`, { pattern, tz: 'UTC' }, { name: 'tick', data: dataOf(number) }),
      );
    },
    async start() {
      const worker = new Worker(NAME, async () => {}, { connection: { url, maxRetriesPerRequest: null } });
      await worker.waitUntilReady();
    },
  };
}
