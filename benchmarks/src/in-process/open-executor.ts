import { IOExecutor } from '@flowrra/core';
import { FLOWRRA_SETTINGS } from '../flowrra-settings.js';
import type { Pool, PoolOptions } from './pools.js';

/** Shows what an app keeps to itself: where its events are told. */
export class OpenExecutor extends IOExecutor {
  get events() {
    return this.client.events;
  }
}

/** Flowrra whose events are cut out where they are told, before anybody asks whether somebody listens. */
export async function flowrraWithoutEvents({ concurrency, handler }: PoolOptions): Promise<Pool> {
  const executor = new OpenExecutor({ ...FLOWRRA_SETTINGS, executor: { ioWorkers: concurrency } });
  executor.events.emit = () => {};
  const task = executor.task('work', handler);
  await executor.start();
  return {
    call: (number, priority) => task.call([number], { priority }),
    close: () => executor.stop(),
  };
}
