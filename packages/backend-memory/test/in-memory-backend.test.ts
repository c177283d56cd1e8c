import { consoleLogger, finishedResult, type TaskResult, unfinishedResult } from '@flowrra/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InMemoryBackend } from '../src/in-memory-backend.js';
import { CountingClock } from './worlds.js';

const delivery = {
  queue: 'default',
  attempt: 1,
  fence: 1,
  submittedAt: 0,
  startedAt: 0,
  worker: 'w',
  progress: null,
};
const running = (taskId: string): TaskResult => unfinishedResult('running', null, { ...delivery, taskId });
const success = (taskId: string): TaskResult =>
  finishedResult(null, { ...delivery, taskId }, { finishedAt: 1, status: 'success', result: null });

describe('InMemoryBackend', () => {
  let clock: CountingClock;
  let backend: InMemoryBackend;
  beforeEach(() => {
    clock = new CountingClock();
  });
  afterEach(() => backend.close());

  async function setup(options: { ttl?: number | null } = {}): Promise<void> {
    backend = new InMemoryBackend(options);
    await backend.open({ clock, logger: consoleLogger });
  }

  it('refuses options that it does not have, and a ttl that is no duration', () => {
    const create = (options: object) => () => new InMemoryBackend(options);
    expect(create({ tll: 5 })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', option: 'tll' }));
    for (const ttl of ['soon', -1, 0, Number.NaN]) {
      expect(create({ ttl })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', option: 'ttl' }));
    }
    backend = new InMemoryBackend({ ttl: '90m' });
  });

  it('waits ten seconds when nothing else is said', async () => {
    await setup();
    const outcome = backend.waitFor('task').catch((err: unknown) => err);
    await clock.advance(9_999);
    expect(backend.pendingWaits).toBe(1);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ code: 'WAIT_TIMEOUT', timeout: 10_000 });
    expect(backend.pendingWaits).toBe(0);
  });

  it('lists a page of 100,000 results by submission and id in good time, and clears them all (RB-09, RB-10)', async () => {
    await setup();
    const idOf = (i: number) => `t${String(i).padStart(6, '0')}`;
    for (let i = 0; i < 100_000; i++)
      await backend.store(idOf(i), { ...success(idOf(i)), submittedAt: new Date(Math.floor(i / 10)) });
    const begin = performance.now();
    const page = await backend.listByStatus('success', { limit: 50, offset: 100 });
    // Far above what it takes.
    expect(performance.now() - begin).toBeLessThan(3 * 200);
    expect(page.map(({ taskId }) => taskId)).toEqual(Array.from({ length: 50 }, (_, i) => idOf(99_899 - i)));
    expect(await backend.clear()).toBe(100_000);
    expect(await backend.listByStatus('success')).toEqual([]);
  }, 60_000);

  it('frees expired results when nobody asks for any', async () => {
    await setup({ ttl: 1_000 });
    for (const id of ['a', 'b']) {
      await backend.store(id, success(id));
      await clock.advance(400);
    }
    expect(clock.runningTimers).toBe(1);
    await clock.advance(1_000);
    // The sweep goes on only while something is left to expire.
    expect(clock.runningTimers).toBe(0);
    expect(await backend.clear()).toBe(0);
  });

  it('keeps the process alive for those who wait, and for nothing else', async () => {
    await setup({ ttl: 1_000 });
    await backend.store('ended', success('ended'));
    expect(clock.keepsAlive).toBe(false);
    const waits = ['a', 'b'].map((id) => backend.waitFor(id, { timeout: null }));
    expect(clock.keepsAlive).toBe(true);
    await clock.advance(24 * 3_600_000);
    expect(clock.keepsAlive).toBe(true);
    await backend.store('a', success('a'));
    expect(clock.keepsAlive).toBe(true);
    await backend.store('b', success('b'));
    await Promise.all(waits);
    expect(clock.keepsAlive).toBe(false);
  });

  it('refuses to wait once it is closed', async () => {
    await setup();
    await backend.close();
    await expect(backend.waitFor('task', { timeout: null })).rejects.toMatchObject({ code: 'STOPPED' });
    expect(clock.runningTimers).toBe(0);
  });

  it('rejects every wait for a result that is cleared, and none for the unseen', async () => {
    await setup();
    await backend.store('seen', running('seen'));
    const seen = [1, 2].map(() => backend.waitFor('seen', { timeout: null }).catch((err: unknown) => err));
    const unseen = backend.waitFor('unseen', { timeout: null });
    await backend.clear();
    for (const error of await Promise.all(seen))
      expect(error).toMatchObject({ code: 'RESULT_NOT_FOUND', taskId: 'seen' });
    expect(backend.pendingWaits).toBe(1);
    await backend.store('unseen', success('unseen'));
    expect((await unseen).taskId).toBe('unseen');
  });
});
