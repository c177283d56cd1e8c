import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskHandle } from '@flowrra/core';
import { type StartRedisOptions, startRedis } from '@flowrra/testing-servers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { order } from '../../support/redis-servers.js';
import { openFleet, tasks } from '../../support/workers.js';

const SOON = { timeout: 20_000, interval: 20 };

async function fleetOn(options: StartRedisOptions) {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return { redis, fleet: openFleet(redis.url) };
}

const submitMany = (fleet: ReturnType<typeof openFleet>, count: number): Promise<TaskHandle<string>[]> =>
  Promise.all(Array.from({ length: count }, () => fleet.producer.submit(tasks.work, [5])));

/** The error's code, or the status of the result. */
function endOf(handle: TaskHandle<string>): Promise<string> {
  return handle.outcome().then(
    ({ status }) => status,
    (err: { code: string }) => err.code,
  );
}

describe('a Redis that is killed and started again', () => {
  it('and lost the end of its append-only file, as a machine does with everysec, ends all that was in the rest, and the waits for what was not', async () => {
    const { redis, fleet } = await fleetOn({ appendonly: true, appendfsync: 'everysec' });
    const worker = await fleet.worker({ ioWorkers: 20 });
    const early = await submitMany(fleet, 500);
    const file = await appendOnlyFile(redis);
    const kept = await vi.waitFor(() => sizeOnceWritten(redis, file), SOON);
    const late = await submitMany(fleet, 500);
    const waits = Promise.all(late.map(endOf));
    await redis.kill('SIGKILL');
    // A little is there of what came later, up to the middle of some command.
    await truncate(file, kept + 777);
    await redis.restart();
    expect(await Promise.all(early.map(endOf))).toEqual(early.map(() => 'success'));
    expect((await waits).filter((end) => end !== 'success' && end !== 'RESULT_NOT_FOUND')).toEqual([]);
    // It was a loss: Redis does not know all of them any more.
    expect(await Promise.all(late.map((handle) => handle.status()))).toContain(null);
    expect(await fleet.producer.queueSize('default')).toEqual({ waiting: 0, delayed: 0, running: 0, dead: 0 });
    worker.kill('SIGTERM');
    expect(await worker.exited()).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['kill -9', (redis: Redis) => redis.kill('SIGKILL')],
    ['SHUTDOWN NOSAVE', (redis: Redis) => shutDown(redis, 'NOSAVE')],
  ])(
    'without the append-only file (%s) has nothing: workers and waiters are told, and the next task runs',
    async (_how, end) => {
      const { redis, fleet } = await fleetOn({});
      const worker = await fleet.worker({ ioWorkers: 1 });
      const running = await fleet.producer.submit(tasks.work, [60_000]);
      const waiting = await fleet.producer.submit(tasks.work, [5], { id: 'again' });
      const waits = [running, waiting].map(endOf);
      await vi.waitFor(
        () => expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'started' })),
        SOON,
      );
      await end(redis);
      await redis.restart();
      expect(await Promise.all(waits)).toEqual(['RESULT_NOT_FOUND', 'RESULT_NOT_FOUND']);
      // Who begins to wait afterwards is told as well.
      expect(await endOf(waiting)).toBe('RESULT_NOT_FOUND');
      const told = { event: 'aborted', id: running.id, pid: worker.pid, reason: 'LEASE_LOST' };
      await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(expect.objectContaining(told)), SOON);
      const again = await fleet.producer.submit(tasks.work, [5], { id: 'again' });
      expect(again.known).toBe(false);
      expect(await again.result()).toBe(`pid ${worker.pid}`);
    },
  );

  it('by SHUTDOWN SAVE has everything, though it keeps no append-only file', async () => {
    const { redis, fleet } = await fleetOn({});
    const handles = await submitMany(fleet, 100);
    await shutDown(redis, 'SAVE');
    await redis.restart();
    await fleet.worker();
    expect(await Promise.all(handles.map(endOf))).toEqual(handles.map(() => 'success'));
  });
});

type Redis = Awaited<ReturnType<typeof startRedis>>;

/** Ends the server by its own command, which answers by closing the connection. */
async function shutDown(redis: Redis, how: 'SAVE' | 'NOSAVE'): Promise<void> {
  await order(redis, `SHUTDOWN ${how}`).catch(() => {});
  await redis.kill();
}

async function appendOnlyFile(redis: Redis): Promise<string> {
  const [folder] = (await order(redis, 'CONFIG GET dir')).split('\r\n').slice(-2);
  return join(String(folder), 'appendonlydir', 'appendonly.aof.1.incr.aof');
}

/** The size of the file when it has all that was acknowledged. */
async function sizeOnceWritten(redis: Redis, file: string): Promise<number> {
  expect(await order(redis, 'INFO persistence')).toContain('aof_buffer_length:0\r\n');
  return (await stat(file)).size;
}
