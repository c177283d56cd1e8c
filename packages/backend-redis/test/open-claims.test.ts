import { type ClaimedTask, type ExecutorConfig, Flowrra, type TaskStore } from '@flowrra/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { claimOne, first, message, ownServerBehindLink, SOON, setup, success } from './setup.js';

const mayStayOpen = { ...claimOne, count: 10, mayStayOpen: true };

/** A claim that stays open, and what it brings; its slots are never taken. */
async function stayOpen(store: TaskStore) {
  const open = await vi.waitFor(async () => {
    const reply = await store.claim(mayStayOpen);
    if (!reply.open) throw new Error('The claim does not stay open.');
    return reply.open;
  }, SOON);
  const tasks: ClaimedTask[] = [];
  const over = open.hear(
    (claims) => tasks.push(...claims),
    () => mayStayOpen.count,
  );
  const ids = (): string[] => tasks.map(({ lease }) => lease.id);
  return { open, over, ids };
}

/** A worker's store behind a link, another process that is not, and the server itself. */
async function worldBehindLink() {
  const { link, linkUrl, ...own } = await ownServerBehindLink();
  const store = await own.pair('one place', {}, linkUrl);
  const other = await own.broker();
  const leases = (): Promise<number> => own.client.hlen(own.key('active'));
  return { ...own, link, store, other, leases };
}

describe('a claim that stays open', () => {
  it('keeps what its reply brings when the connection that hears broke before that', async () => {
    const { store, other, link, client } = await worldBehindLink();
    const { open, over } = await stayOpen(store);
    open.close();
    await over;
    await other.push([message({ id: 'a' })]);
    await link.set({ kind: 'delay', ms: 300 });
    const reply = store.claim(mayStayOpen);
    // The claim is on its way: its reply comes after the end of the other connection.
    await client.client('KILL', 'TYPE', 'pubsub');
    const task = first((await reply).claims);
    await link.set({ kind: 'pass' });
    expect((await store.claim(claimOne)).claims).toEqual([]);
    expect(await store.finish(task, success(1))).toBe(true);
  });

  it('leaves nothing open where it is not heard any more, so that no push waits for it', async () => {
    const { store, other, client, key } = await worldBehindLink();
    const { over } = await stayOpen(store);
    await client.client('KILL', 'TYPE', 'pubsub');
    await over;
    await vi.waitFor(async () => expect(await client.hlen(key('open|default|io'))).toBe(0), 2_000);
    await other.push([message({ id: 'a' })]);
    const claims = await vi.waitFor(async () => {
      const reply = await store.claim(claimOne);
      expect(reply.claims).toHaveLength(1);
      return reply.claims;
    }, 2_000);
    expect(first(claims).crashes).toBe(0);
  });

  it('puts back what an answer brought that was lost, in order; it counts as no crash', async () => {
    const { store, other, link, leases, client, key } = await worldBehindLink();
    const { over, ids } = await stayOpen(store);
    await link.set({ kind: 'oneway' });
    await other.push([message({ id: 'a' }), message({ id: 'b' })]);
    expect(await leases()).toBe(2);
    link.reset();
    await link.set({ kind: 'pass' });
    await over;
    expect(ids()).toEqual([]);
    const claims = await vi.waitFor(async () => {
      const reply = await store.claim({ ...claimOne, count: 10 });
      expect(reply.claims).not.toEqual([]);
      return reply.claims;
    }, SOON);
    expect(claims.map(({ lease, verdict, crashes }) => [lease.id, verdict, crashes])).toEqual([
      ['a', 'run', 0],
      ['b', 'run', 0],
    ]);
    expect(await client.get(key('held'))).toBe('2');
  });

  it('loses nothing when only the connection that hears breaks', async () => {
    const { store, other, client } = await worldBehindLink();
    for (let i = 0; i < 5; i++) {
      const { over, ids } = await stayOpen(store);
      const killed = client.call('client', 'kill', 'type', 'pubsub');
      await Promise.all([other.push([message({ id: `m${i}` })]), killed]);
      await over;
      const rest = await store.claim({ ...claimOne, count: 10 });
      const all = [...ids(), ...rest.claims.map(({ lease }) => lease.id)];
      expect(all).toEqual([`m${i}`]);
      expect(rest.claims.map(({ crashes }) => crashes)).toEqual(rest.claims.map(() => 0));
    }
  });

  it('is over when the server cannot be told that it closes', async () => {
    const { store, link, other } = await worldBehindLink();
    const { open, over } = await stayOpen(store);
    await link.set({ kind: 'refuse' });
    link.reset();
    open.close();
    await over;
    await link.set({ kind: 'pass' });
    await other.push([message({ id: 'a' })]);
    const claims = await vi.waitFor(async () => {
      const reply = await store.claim(claimOne);
      expect(reply.claims).not.toEqual([]);
      return reply.claims;
    }, SOON);
    expect(first(claims)).toMatchObject({ lease: { id: 'a' }, crashes: 0 });
  });

  it('of a process that is gone gets nothing', async () => {
    const { store: otherStore, broker, client, key } = setup();
    const gone = await broker();
    const open = await vi.waitFor(async () => {
      const reply = await gone.claim(mayStayOpen);
      if (!reply.open) throw new Error('The claim does not stay open.');
      return reply.open;
    }, SOON);
    const over = open.hear(
      () => {},
      () => 1,
    );
    await gone.close();
    await over;
    expect(await client.hlen(key('open|default|io'))).toBe(1);
    const store = await otherStore();
    await vi.waitFor(async () => {
      await store.submit([message()]);
      expect(await client.exists(key('open|default|io'))).toBe(0);
    }, SOON);
    const { claims } = await store.claim({ ...claimOne, count: 100 });
    expect(claims.map(({ crashes }) => crashes)).toEqual(claims.map(() => 0));
    expect(await store.size('default')).toMatchObject({ waiting: 0, running: claims.length });
  });

  it('is dropped when what the server keeps of it is damaged, or is out of date', async () => {
    const { store, client, key } = setup();
    const worker = await store();
    const { over, ids } = await stayOpen(worker);
    const [text] = await client.hvals(key('open|default|io'));
    const fields = (text ?? '').split('|');
    fields[4] = '1';
    await client.hset(key('open|default|io'), { damaged: 'x', old: fields.join('|') });
    await worker.submit([message({ id: 'a' })]);
    await vi.waitFor(() => expect(ids()).toEqual(['a']), SOON);
    await vi.waitFor(async () => {
      await worker.submit([message()]);
      const left = await client.hkeys(key('open|default|io'));
      expect(left.filter((token) => token === 'damaged' || token === 'old')).toEqual([]);
    }, SOON);
    void over;
  });

  it('has given back what it took when it is over: a worker that stops then leaves nothing behind', async () => {
    const { store, other, link, leases } = await worldBehindLink();
    const { open, over } = await stayOpen(store);
    await link.set({ kind: 'oneway' });
    await other.push([message()]);
    expect(await leases()).toBe(1);
    open.close();
    link.reset();
    await link.set({ kind: 'pass' });
    await over;
    expect(await other.size('default')).toMatchObject({ waiting: 1, running: 0 });
  });

  it('gives back what it brings while its process is for one task alone', async () => {
    const { client, key, logger, ...own } = setup();
    const [broker, other] = [await own.broker({ maxCrashes: 2 }), await own.broker({ maxCrashes: 2 })];
    const executor: ExecutorConfig = { queues: ['default', 'others'], pollInterval: '5s' };
    const app = new Flowrra({ broker, backend: await own.backend(), logger, executor });
    onTestFinished(() => app.stop({ grace: 0 }));
    const runs: string[] = [];
    let letGo = (): void => {};
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const long = app.task('long', () => {
      runs.push('long');
      return gate;
    });
    const quick = app.task('quick', { queue: 'others' }, () => void runs.push('quick'));
    // It crashes once, which leaves it one chance.
    await long.submit([]);
    await other.claim({ ...claimOne, leaseMs: 500 });
    await app.start();
    // The first claim may come before answers are heard; another one follows a task.
    await quick.call([]);
    await vi.waitFor(async () => expect(await client.exists(key('open|others|io'))).toBe(1), SOON);
    await vi.waitFor(async () => {
      await client.del(key('swept'));
      await other.claim({ ...claimOne, queue: 'empty' });
      expect(runs).toEqual(['quick', 'long']);
    }, SOON);
    const handle = await quick.submit([]);
    await vi.waitFor(async () => expect(await other.size('others')).toMatchObject({ waiting: 1, running: 0 }), SOON);
    expect(runs).toEqual(['quick', 'long']);
    letGo();
    // It was handed out twice, and its first delivery counts for nothing.
    expect(await handle.outcome()).toMatchObject({ status: 'success', attempt: 1, fence: 2 });
  });

  it('leaves no wait for work behind when its slots are taken, time after time', async () => {
    const { logger, ...own } = setup();
    const broker = await own.broker();
    const waitForWork = broker.waitForWork.bind(broker);
    let waiting = 0;
    broker.waitForWork = async (...args) => {
      waiting++;
      await waitForWork(...args).finally(() => waiting--);
    };
    const app = new Flowrra({ broker, backend: await own.backend(), logger, executor: { ioWorkers: 1 } });
    onTestFinished(() => app.stop({ grace: 0 }));
    const slow = app.task('slow', () => new Promise<void>((resolve) => setTimeout(resolve, 5)));
    await app.start();
    const { client, key } = own;
    for (let i = 0; i < 30; i++) {
      await vi.waitFor(async () => expect(await client.exists(key('open|default|io'))).toBe(1), SOON);
      await slow.call([]);
    }
    // One of each lane.
    expect(waiting).toBeLessThanOrEqual(2);
  });

  it('leaves nothing on the server once it is closed, and little for a while when nobody closes it', async () => {
    const { store, client, key } = setup();
    const worker = await store();
    const { open, over, ids } = await stayOpen(worker);
    expect(await client.pttl(key('open|default|io'))).toBeGreaterThan(0);
    await worker.submit([message()]);
    await vi.waitFor(() => expect(ids()).toHaveLength(1), SOON);
    await vi.waitFor(async () => expect(await client.pttl(key('open|default|io'))).toBeGreaterThan(0), SOON);
    open.close();
    await over;
    expect(await client.exists(key('open|default|io'))).toBe(0);
  });
});
