import { defineTask, Flowrra } from '@flowrra/core';
import { FLOWRRA_SETTINGS } from '../flowrra-settings.js';
import { type Job, type QueueSystem, type Result, resultOf } from './queue-system.js';

const job = defineTask<(job: Job) => Result>('job');

export const flowrra: QueueSystem = {
  async openProducer(url) {
    const app = new Flowrra({ url, ...FLOWRRA_SETTINGS });
    const task = app.implement(job, resultOf);
    return {
      enqueue: (one) => task.submit([one]),
      enqueueMany: (jobs) => task.submitMany(jobs.map((one) => [one] as const)),
      call: (one) => task.call([one]),
      countFinished: async () => (await app.listByStatus('success', { limit: null })).length,
      close: () => app.stop(),
    };
  },
  async serve(url, { concurrency, handler }) {
    const app = new Flowrra({ url, ...FLOWRRA_SETTINGS, executor: { ioWorkers: concurrency } });
    app.implement(job, handler);
    await app.start();
    return () => app.stop();
  },
};
