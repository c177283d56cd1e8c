import { Flowrra } from '@flowrra/core';
import fastq from 'fastq';
import PQueue from 'p-queue';
import { FLOWRRA_SETTINGS } from '../flowrra-settings.js';

/** Something that runs calls of one function in this process, so many at a time. */
export interface Pool {
  /** Enqueues one call, and waits for what it returned. Calls with a lower `priority` begin first. */
  call(number: number, priority: number): Promise<number>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly concurrency: number;
  readonly handler: (number: number) => number;
}

/** Each with its default settings but for the concurrency, and results of Flowrra that go some time. */
export const POOLS = {
  /** Each call has an id and a stored message, is leased, retried when it fails, and its result is kept. */
  async Flowrra({ concurrency, handler }: PoolOptions): Promise<Pool> {
    const app = new Flowrra({ ...FLOWRRA_SETTINGS, executor: { ioWorkers: concurrency } });
    const task = app.task('work', handler);
    await app.start();
    return {
      call: (number, priority) => task.call([number], { priority }),
      close: () => app.stop(),
    };
  },
  async 'p-queue'({ concurrency, handler }: PoolOptions): Promise<Pool> {
    const queue = new PQueue({ concurrency });
    return {
      // Higher numbers begin first there.
      call: (number, priority) => queue.add(() => handler(number), { priority: -priority }),
      close: () => queue.onIdle(),
    };
  },
  async fastq({ concurrency, handler }: PoolOptions): Promise<Pool> {
    const queue = fastq.promise(async (number: number) => handler(number), concurrency);
    return {
      call: (number) => queue.push(number),
      close: () => queue.drained(),
    };
  },
} as const;

export type PoolName = keyof typeof POOLS;
