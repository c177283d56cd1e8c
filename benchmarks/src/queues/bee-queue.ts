import Queue from 'bee-queue';
import type { Job, QueueSystem, Result } from './queue-system.js';

const NAME = 'jobs';

export const beeQueue: QueueSystem = {
  async openProducer(url, { awaitsResults }) {
    const queue = new Queue<Job>(NAME, { redis: { url } as never, isWorker: false, getEvents: awaitsResults });
    await queue.ready();
    const ends = new Ends(queue);
    return {
      enqueue: (job) => queue.createJob(job).save(),
      enqueueMany: async (jobs) => {
        const refused = await queue.saveAll(jobs.map((job) => queue.createJob(job)));
        for (const err of refused.values()) throw err;
      },
      async call(job) {
        const { id } = await queue.createJob(job).save();
        return ends.of(id);
      },
      countFinished: async () => (await queue.checkHealth()).succeeded,
      close: () => queue.close(),
    };
  },
  async serve(url, { concurrency, handler }) {
    const queue = new Queue<Job>(NAME, { redis: { url } as never });
    await queue.ready();
    queue.process(concurrency, ({ data }) => handler(data));
    return () => queue.close();
  },
};

/** It tells of results and keeps none, and may tell of one before the reply to the save has come. */
class Ends {
  readonly #early = new Map<string, Result>();
  readonly #waiting = new Map<string, (result: Result) => void>();

  constructor(queue: Queue<Job>) {
    queue.on('job succeeded', (id: string, result: Result) => {
      const resolve = this.#waiting.get(id);
      if (resolve) resolve(result);
      else this.#early.set(id, result);
      this.#waiting.delete(id);
    });
  }

  of(id: string): Promise<Result> {
    const early = this.#early.get(id);
    this.#early.delete(id);
    return early ? Promise.resolve(early) : new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
