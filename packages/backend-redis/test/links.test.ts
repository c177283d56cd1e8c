import type { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServerBehindLink, SOON, setup, success } from './setup.js';

describe('a link that', () => {
  it('is slow costs time and nothing else', async () => {
    const { link, linkUrl, pair: open } = await ownServerBehindLink();
    const store = await open('one place', {}, linkUrl);
    await link.set({ kind: 'delay', ms: 40 });
    await store.submit([message({ id: 'a' })]);
    const waiting = store.waitFor('a', { timeout: null });
    const task = first((await store.claim(claimOne)).claims);
    expect(await store.finish(task, success('slowly'))).toBe(true);
    expect(await waiting).toMatchObject({ result: 'slowly', fence: 1 });
  });

  it('is not taken for a silent one because the process was busy itself', async () => {
    const broker = await setup().broker({ deadline: '200ms' });
    await broker.push([message({ id: 'before' })]);
    const pushed = broker.push([message({ id: 'a' })]);
    // It is sent by then; its reply comes while the event loop is blocked.
    setImmediate(() => block(500));
    expect(await pushed).toMatchObject([{ known: false }]);
  });

  it('is cut in the middle of replies loses nothing and repeats nothing', async () => {
    const { link, linkUrl, client, pair: open } = await ownServerBehindLink();
    const store = await open('one place', { broker: { deadline: '10s' } }, linkUrl);
    const ids = Array.from({ length: 30 }, (_, i) => `t${i}`);
    const payload = message({}).payload.replace('[1,2]', JSON.stringify(['x'.repeat(4_000)]));
    await store.submit([message({ id: 'before', payload })]);
    const before = await connectionsTo(client);
    // What a server says of itself in greeting fits into it, and then a few claims, to the middle of one.
    await link.set({ kind: 'cutAfter', bytes: 25_000 });
    for (const id of ids) await store.submit([message({ id, payload })]);
    const ended: string[] = [];
    const workOff = async (): Promise<void> => {
      // One task at a time, so it is alone: some may be on their last chance after claims that nobody heard of.
      const { claims } = await store.claim({ ...claimOne, leaseMs: 1_000, alone: true });
      for (const task of claims) if (await store.finish(task, success(1))) ended.push(task.lease.id);
      expect(ended.length).toBe(31);
    };
    await vi.waitFor(workOff, SOON);
    expect(ended.toSorted()).toEqual([...ids, 'before'].toSorted());
    expect((await connectionsTo(client)) - before).toBeGreaterThan(3);
  });
});

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** How many connections the server has had. */
async function connectionsTo(client: Redis): Promise<number> {
  return Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))?.[1]);
}
