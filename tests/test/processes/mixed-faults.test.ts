import type { TaskHandle } from '@flowrra/core';
import { startRedis } from '@flowrra/testing-servers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { order } from '../../support/redis-servers.js';
import { type LedgerEntry, openFleet, tasks } from '../../support/workers.js';

const SOON = { timeout: 15_000, interval: 20 };

describe('one trouble after the other, under load', () => {
  it('loses no acknowledged task, ends none twice, and leaves nothing stuck', async () => {
    const redis = await startRedis({ appendonly: true, appendfsync: 'always' });
    onTestFinished(() => redis.stop());
    const fleet = openFleet(redis.url);
    const workers = [await fleet.worker(), await fleet.worker(), await fleet.worker()];
    const acknowledged: TaskHandle<string>[] = [];
    let begun = 0;
    const submitSome = async (): Promise<void> => {
      for (let i = 0; i < 15; i++) {
        // A submit that stayed unclear is made again under its id.
        const [id, delay] = [`task-${begun++}`, i % 3 === 0 ? 200 : 0];
        const handle = await vi.waitFor(() => fleet.producer.submit(tasks.work, [30], { id, delay }), SOON);
        acknowledged.push(handle);
      }
    };
    const said = async (message: RegExp): Promise<void> => {
      const before = fleet.ledger().length;
      const heard = (entry: LedgerEntry): boolean => message.test(entry.message ?? '');
      await vi.waitFor(() => expect(fleet.ledger().slice(before).some(heard)).toBe(true), SOON);
    };

    for (const command of ['SCRIPT FLUSH', 'CLIENT KILL TYPE pubsub', 'CLIENT KILL TYPE normal']) {
      await submitSome();
      await order(redis, command);
    }
    await submitSome();
    workers[0]?.kill('SIGKILL');
    await submitSome();
    await order(redis, 'REPLICAOF 127.0.0.1 1');
    await said(/claiming failed/);
    await order(redis, 'REPLICAOF NO ONE');
    await submitSome();
    await order(redis, 'CONFIG SET maxmemory 1');
    await expect(fleet.producer.submit(tasks.work, [1])).rejects.toMatchObject({ code: 'STORE_FULL' });
    await order(redis, 'CONFIG SET maxmemory 0');
    await submitSome();
    await redis.kill('SIGKILL');
    await redis.restart();
    await submitSome();

    const outcomes = await Promise.all(acknowledged.map((handle) => handle.outcome({ timeout: '15s' })));
    expect(outcomes.filter(({ status }) => status !== 'success')).toEqual([]);
    expect(await fleet.producer.queueSize('default')).toEqual({ waiting: 0, delayed: 0, running: 0, dead: 0 });
    const ends = fleet.ledger().filter(({ event }) => event === 'finished');
    expect(new Set(ends.map(({ id }) => id)).size).toBe(ends.length);
    // The worker that was killed may have taken the news of four with it.
    expect(ends.length).toBeGreaterThanOrEqual(acknowledged.length - 4);
  });
});
