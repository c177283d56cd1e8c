import { randomUUID } from 'node:crypto';
import { RedisBackend, RedisBroker } from '@flowrra/backend-redis';
import { type BaseResultBackend, Flowrra, StoreUnavailableError, type TaskStore } from '@flowrra/core';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { silentLogger } from '../../support/silent-logger.js';

/** A broker whose store takes the end of no task until it is mended. */
class ForgetfulBroker extends RedisBroker {
  isMended = false;
  refused = 0;

  override async fuse(backend: BaseResultBackend): Promise<TaskStore | null> {
    const store = await super.fuse(backend);
    if (!store) return null;
    const finish = store.finish.bind(store);
    return Object.assign(store, {
      finish: async (...end: Parameters<TaskStore['finish']>) => {
        if (this.isMended) return finish(...end);
        this.refused++;
        throw new StoreUnavailableError('The end was not written.');
      },
    });
  }
}

it('gives the slots of tasks to no others while their ends cannot be written', async () => {
  const keyPrefix = `test-${randomUUID()}`;
  const broker = new ForgetfulBroker(inject('redisUrl'), { keyPrefix });
  const backend = new RedisBackend(inject('redisUrl'), { keyPrefix });
  const app = new Flowrra({ broker, backend, logger: silentLogger, executor: { ioWorkers: 2 } });
  onTestFinished(async () => {
    await app.stop({ grace: 0 });
    await backend.clear();
    await broker.close();
    await backend.close();
  });
  let begun = 0;
  const count = app.task('count', () => ++begun);
  const handles = await count.submitMany(Array.from({ length: 20 }, (): [] => []));
  await app.start();
  await vi.waitFor(() => expect(broker.refused).toBeGreaterThanOrEqual(12), { timeout: 20_000 });
  // Two, and two of a claim that was on its way when that was not known yet.
  expect(begun).toBeLessThanOrEqual(4);
  broker.isMended = true;
  await Promise.all(handles.map((handle) => handle.result()));
  expect(begun).toBe(20);
});
