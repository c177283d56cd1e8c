import { Flowrra } from '@flowrra/core';
import { Piscina } from 'piscina';
import { FLOWRRA_SETTINGS } from '../flowrra-settings.js';

/** Calls of a function that does nothing, from this process. */
export interface Calls {
  call(number: number): Promise<number>;
  close(): Promise<void>;
}

const MODULE = new URL('same.mjs', import.meta.url);

/** Each with the given number of threads, or of places where there are none. */
export const CALLS = {
  async 'CPU task'(size: number): Promise<Calls> {
    const app = new Flowrra({ ...FLOWRRA_SETTINGS, executor: { cpuWorkers: size } });
    const task = app.cpuTask<(number: number) => number>('same', { module: MODULE });
    await app.start();
    return { call: (number) => task.call([number]), close: () => app.stop() };
  },
  async 'I/O task'(size: number): Promise<Calls> {
    const app = new Flowrra({ ...FLOWRRA_SETTINGS, executor: { ioWorkers: size } });
    const task = app.task('same', (number: number) => number);
    await app.start();
    return { call: (number) => task.call([number]), close: () => app.stop() };
  },
  /** By default it freezes its threads between two calls; a thread of Flowrra serves timers and sockets then. */
  async piscina(size: number): Promise<Calls> {
    const pool = new Piscina<number, number>({ filename: MODULE.href, minThreads: size, maxThreads: size });
    return { call: (number) => pool.run(number), close: () => pool.close() };
  },
} as const;

export type CallsName = keyof typeof CALLS;
