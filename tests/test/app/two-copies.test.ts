import { cp, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InMemoryBackend, InMemoryBroker } from '@flowrra/backend-memory';
import * as core from '@flowrra/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../support/world.js';

/** Core a second time in this process, as an adapter or a handler with a version of its own brings it. */
let other: typeof core;
let copy: string;

beforeAll(async () => {
  const built = dirname(fileURLToPath(import.meta.resolve('@flowrra/core')));
  // Where it finds the same dependencies, and where nothing else looks.
  copy = await mkdtemp(join(dirname(built), 'node_modules', '.copy-'));
  await cp(built, copy, { recursive: true });
  other = (await import(pathToFileURL(join(copy, 'index.js')).href)) as typeof core;
});
afterAll(() => rm(copy, { recursive: true, force: true }));

describe('two copies of core in one process', () => {
  it('are two', () => {
    expect(other.Flowrra).not.toBe(core.Flowrra);
    expect(other.BaseResultBackend).not.toBe(core.BaseResultBackend);
  });

  it("take each other's stores", async () => {
    class OtherBackend extends other.BaseResultBackend {
      store = () => Promise.resolve(true);
      get = () => Promise.resolve(null);
      waitFor = (taskId: string) => other.pollUntilFinished(this, taskId);
    }
    const backend = new OtherBackend();
    expect(await core.getBackend(backend)).toBe(backend);
    expect(() => new core.Flowrra({ backend, broker: new InMemoryBroker() })).not.toThrow();
  });

  it("know each other's schemes, and refuse one that the other has", async () => {
    other.registerBackend('other-copy', { createBackend: () => new InMemoryBackend() });
    expect(await core.getBackend('other-copy:x')).toBeInstanceOf(InMemoryBackend);
    expect(() => core.registerBackend('other-copy', { createBackend: () => new InMemoryBackend() })).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG' }),
    );
  });

  it('keep the code of an error that an adapter of the other copy throws', async () => {
    core.registerBackend('other-error', {
      createBackend() {
        throw new other.InvalidUrlError('no such place');
      },
    });
    await expect(core.getBackend('other-error:x')).rejects.toMatchObject({
      code: 'INVALID_URL',
      message: 'no such place',
    });
  });

  it('share the context of a task, the advice of its errors, and who serves a queue', async () => {
    const stores = { backend: new InMemoryBackend(), broker: new InMemoryBroker() };
    const worker = new core.Flowrra({ ...stores, logger: silentLogger });
    const producer = new other.Flowrra({ ...stores, logger: silentLogger });
    worker.task('again', () => {
      const { attempt, id } = other.taskContext();
      if (attempt === 1) throw new other.RetryLater(1);
      return id;
    });
    worker.task('never', { retries: 5 }, () => {
      throw new other.PermanentError('no');
    });
    await worker.start();
    try {
      const again = await producer.submit(other.defineTask<() => string>('again'), []);
      expect(await again.result()).toBe(again.id);
      const never = await producer.submit(other.defineTask<() => string>('never'), []);
      expect(await never.outcome()).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'PERMANENT' } });
    } finally {
      await worker.stop();
      await producer.stop();
    }
  });
});
