import { RedisBroker } from '@flowrra/backend-redis';
import { openLink, startRedis } from '@flowrra/testing-servers';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openFleet, tasks } from '../../support/workers.js';

const SOON = { timeout: 15_000, interval: 20 };
/** Much longer than the tests: what had to wait for the end of a lease would not be seen. */
const LEASE = '60s';

/** A worker process that has run a task, behind a link, and its queue, which is paused between the cuts. */
async function workerBehindLink() {
  const redis = await startRedis();
  // Registered first, so that it runs last: the fleet ends before its server.
  onTestFinished(() => redis.stop());
  const link = await openLink(redis);
  onTestFinished(() => link.close());
  const fleet = openFleet(redis.url);
  const client = new Redis(redis.url);
  onTestFinished(() => client.disconnect());
  const broker = new RedisBroker(redis.url, { keyPrefix: fleet.config.keyPrefix });
  onTestFinished(() => broker.close());
  const behindLink = { url: `redis://127.0.0.1:${link.port}`, lease: LEASE, ioWorkers: 100 } as const;
  const worker = await fleet.worker(behindLink);
  await (await fleet.producer.submit(tasks.work, [1])).result();

  const recoveries = (): number => fleet.ledger().filter(({ message }) => message === 'the store answers again').length;

  async function cut(): Promise<void> {
    link.reset();
    await link.set({ kind: 'pass' });
  }

  /** Resolves when a claim of the worker has taken tasks; its reply is on the way until the link is cut. */
  async function holdReplyOfClaim(): Promise<void> {
    await link.set({ kind: 'oneway' });
    await broker.resume('default');
    const taken = await vi
      .waitUntil(async () => (await broker.size('default')).running > 0, { timeout: 2_000, interval: 20 })
      .catch(() => false);
    await broker.pause('default');
    if (taken) return;
    // The reply that is held is of a claim before: the next one tries again.
    await cutAndRecover();
    await holdReplyOfClaim();
  }

  async function cutAndRecover(): Promise<void> {
    const before = recoveries();
    await cut();
    await vi.waitFor(() => expect(recoveries()).toBeGreaterThan(before), SOON);
  }

  await broker.pause('default');
  // From now on its claims do not stay open: what they take comes in their replies.
  await vi.waitFor(async () => expect(await client.exists(`${fleet.config.keyPrefix}:open|default|io`)).toBe(0), SOON);
  return { fleet, broker, worker, holdReplyOfClaim, cut, cutAndRecover };
}

describe('a worker process whose claims lose their replies', () => {
  it('runs what they took within seconds, each task once, and gives none up, however often that happens', async () => {
    const { fleet, broker, holdReplyOfClaim, cutAndRecover } = await workerBehindLink();
    const handles = await Promise.all(Array.from({ length: 20 }, () => fleet.producer.submit(tasks.work, [1])));
    for (let i = 0; i < 5; i++) {
      await holdReplyOfClaim();
      await cutAndRecover();
      expect(await broker.size('default')).toMatchObject({ waiting: 20, running: 0 });
    }
    await broker.resume('default');
    const outcomes = await Promise.all(handles.map((handle) => handle.outcome()));
    expect(outcomes.map(({ status, attempt }) => [status, attempt])).toEqual(Array(20).fill(['success', 1]));
    const ids = handles.map(({ id }) => id);
    const started = fleet.ledger().filter(({ event, id }) => event === 'started' && id && ids.includes(id));
    expect(started.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(fleet.ledger().filter(({ event }) => event === 'leaseLost')).toEqual([]);
  });

  it('leaves nothing behind when it is told to stop meanwhile: another one runs it at once', async () => {
    const { fleet, broker, worker, holdReplyOfClaim, cut } = await workerBehindLink();
    const handle = await fleet.producer.submit(tasks.work, [1]);
    await holdReplyOfClaim();
    worker.kill('SIGTERM');
    const stopping = expect.objectContaining({ message: expect.stringContaining('stopping') });
    await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(stopping), SOON);
    await cut();
    expect(await worker.exited()).toEqual({ code: 0, signal: null });
    await broker.resume('default');
    const other = await fleet.worker({ lease: LEASE });
    expect(await handle.outcome()).toMatchObject({ status: 'success', result: `pid ${other.pid}`, attempt: 1 });
  });
});
