import { openLink, startRedis } from '@flowrra/testing-servers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openFleet, tasks } from '../../support/workers.js';

const SOON = { timeout: 15_000, interval: 20 };

async function fleetOnItsOwnRedis() {
  const redis = await startRedis({ appendonly: true, appendfsync: 'always' });
  // Registered first, so that it runs last: the fleet ends before its server.
  onTestFinished(() => redis.stop());
  return { redis, fleet: openFleet(redis.url) };
}

describe('a Redis that goes away', () => {
  it('does not keep an idle worker from stopping (SH-06)', async () => {
    const { redis, fleet } = await fleetOnItsOwnRedis();
    const worker = await fleet.worker();
    const handle = await fleet.producer.submit(tasks.work, [1]);
    await handle.result();
    await redis.kill('SIGKILL');
    worker.kill('SIGTERM');
    expect(await worker.exited()).toEqual({ code: 0, signal: null });
  });

  it('does not keep a busy worker from stopping when its grace is over (SH-06)', async () => {
    const { redis, fleet } = await fleetOnItsOwnRedis();
    const worker = await fleet.worker({ grace: '300ms' });
    await fleet.producer.submit(tasks.work, [60_000]);
    await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'started' })), SOON);
    await redis.kill('SIGKILL');
    worker.kill('SIGTERM');
    expect(await worker.exited()).toEqual({ code: 0, signal: null });
  });

  it('and only falls silent does not keep a busy worker from stopping either (SH-06)', async () => {
    const { redis } = await fleetOnItsOwnRedis();
    const link = await openLink(redis);
    onTestFinished(() => link.close());
    const fleet = openFleet(`redis://127.0.0.1:${link.port}`);
    const worker = await fleet.worker({ grace: '300ms' });
    await fleet.producer.submit(tasks.work, [60_000]);
    await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'started' })), SOON);
    await link.set({ kind: 'blackhole' });
    const toldAt = performance.now();
    worker.kill('SIGTERM');
    expect(await worker.exited()).toEqual({ code: 0, signal: null });
    expect(performance.now() - toldAt).toBeLessThan(3 * 5_000);
  });

  it('and comes back is used again by workers and waiters, without a restart, and nothing acknowledged is lost (BK-04)', async () => {
    const { redis, fleet } = await fleetOnItsOwnRedis();
    await fleet.worker({ ioWorkers: 20, lease: '2s' });
    const handles = await fleet.producer.submit(tasks.work, [300]).then(async (first) => {
      const rest = await Promise.all(Array.from({ length: 1_999 }, () => fleet.producer.submit(tasks.work, [5])));
      return [first, ...rest];
    });
    const outcomes = Promise.all(handles.map((handle) => handle.outcome()));
    await redis.kill('SIGKILL');
    await redis.restart();
    expect((await outcomes).map(({ status }) => status)).toEqual(Array(2_000).fill('success'));
    expect(await fleet.producer.queueSize('default')).toMatchObject({ waiting: 0, delayed: 0, running: 0 });
  });
});
