import { Queue, QueueEvents, Worker } from 'bullmq';
import type { QueueSystem } from './queue-system.js';

const NAME = 'jobs';

export const bullmq: QueueSystem = {
  async openProducer(url, { awaitsResults }) {
    const queue = new Queue(NAME, { connection: { url } });
    await queue.waitUntilReady();
    const events = awaitsResults ? new QueueEvents(NAME, { connection: { url } }) : null;
    // Each awaited job adds one.
    queue.setMaxListeners(0);
    events?.setMaxListeners(0);
    await events?.waitUntilReady();
    return {
      enqueue: (job) => queue.add('job', job),
      enqueueMany: (jobs) => queue.addBulk(jobs.map((data) => ({ name: 'job', data }))),
      async call(job) {
        if (!events) throw new Error('This producer was opened without awaitsResults.');
        return (await queue.add('job', job)).waitUntilFinished(events);
      },
      countFinished: () => queue.getCompletedCount(),
      async close() {
        await events?.close();
        await queue.close();
      },
    };
  },
  async serve(url, { concurrency, handler }) {
    const connection = { url, maxRetriesPerRequest: null };
    const worker = new Worker(NAME, ({ data }) => handler(data), { connection, concurrency });
    await worker.waitUntilReady();
    return () => worker.close();
  },
};
