import { QueueFullError } from '@flowrra/core';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { claimOne, message, ownServer, setup, success } from './setup.js';

/** What the server was asked since `CONFIG RESETSTAT`, scripts' own commands included. */
async function commandCalls(client: Redis): Promise<Record<string, number>> {
  const stats = (await client.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return Object.fromEntries([...stats].map(([, name = '', calls]) => [name, Number(calls)]));
}

describe('many at once', () => {
  it('never wait more than the limit allows: 50 producers submit 500, the rest is refused and leaves nothing', async () => {
    const { store: open, client, key } = setup();
    const stores = await Promise.all([1, 2, 3].map(() => open({ broker: { maxQueueSize: 100 } })));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, async (_, producer) => {
        const store = stores[producer % 3] ?? (await open());
        const ids = Array.from({ length: 10 }, (_, i) => `p${producer}-${i}`);
        // Some one by one, some as a whole.
        if (producer % 2)
          return (await store.submit(ids.map((id) => message({ id, lane: producer % 4 === 1 ? 'cpu' : 'io' })))).length;
        const each = await Promise.allSettled(ids.map((id) => store.submit([message({ id })])));
        return each.filter(({ status }) => status === 'fulfilled').length;
      }),
    );
    const taken = outcomes
      .map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 0))
      .reduce((sum, count) => sum + count, 0);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(QueueFullError);
    expect(taken).toBe(100);
    expect(await client.hlen(key('tasks'))).toBe(100);
    expect((await firstOf(stores).size('default')).waiting).toBe(100);
  });

  it('submit the same explicit id: one task, and all the others learn that it exists', async () => {
    const { store: open } = setup();
    const stores = await Promise.all(Array.from({ length: 20 }, () => open()));
    const replies = await Promise.all(
      stores.map((store) => store.submit([message({ id: 'nightly', remembered: true })])),
    );
    expect(replies.flat().filter(({ known }) => !known)).toHaveLength(1);
    expect((await firstOf(stores).claim({ ...claimOne, count: 10 })).claims).toHaveLength(1);
  });

  it('are listed by the page: neither all keys nor all records are read', async () => {
    const { backend: open, client, key } = await ownServer();
    const backend = await open();
    const pipeline = client.pipeline();
    for (let i = 0; i < 20_000; i++) {
      const body = JSON.stringify({
        v: 1,
        taskId: `t${i}`,
        taskName: 'x',
        queue: 'q',
        args: [],
        kwargs: null,
        attempt: 1,
        fence: 1,
        submittedAt: i + 1,
        startedAt: null,
        finishedAt: i + 1,
        retries: 0,
        progress: null,
        worker: null,
        retryOf: null,
        status: 'success',
        result: i,
      });
      pipeline.hset(key('tasks'), `t${i}`, `r|success|1|${i + 1}|0|\n${body}`);
      pipeline.zadd(key('status:success'), i + 1, `t${i}`);
    }
    await pipeline.exec();
    await backend.listByStatus('success', { limit: 1 });
    await client.config('RESETSTAT');
    const page = await backend.listByStatus('success', { limit: 50, offset: 100 });
    expect(page.map(({ taskId }) => taskId)).toEqual(Array.from({ length: 50 }, (_, i) => `t${19_899 - i}`));
    const calls = await commandCalls(client);
    expect(calls.hget).toBeLessThanOrEqual(300);
    expect(Object.keys(calls).filter((name) => /^(keys|scan|hgetall|hscan|hvals)$/.test(name))).toEqual([]);
  });

  it('are cleared in batches, and nothing of others goes with them', async () => {
    const { backend: open, client, key, prefix } = await ownServer();
    const foreign = [`${prefix}:taskforce:1`, `${prefix}s:tasks`, `${prefix}`];
    for (const name of foreign) await client.set(name, 'mine');
    const backend = await open();
    const pipeline = client.pipeline();
    for (let i = 0; i < 20_000; i++) {
      pipeline.hset(key('tasks'), `t${i}`, `r|success|1|${i + 1}|0|\n{}`);
      pipeline.zadd(key('status:success'), i + 1, `t${i}`);
    }
    await pipeline.exec();
    await client.config('RESETSTAT');
    expect(await backend.clear()).toBe(20_000);
    const calls = await commandCalls(client);
    expect(calls.keys ?? calls.flushdb ?? calls.flushall).toBeUndefined();
    // Each look was at about a thousand of them.
    expect(calls.hscan).toBeGreaterThanOrEqual(10);
    expect(await client.mget(foreign)).toEqual(['mine', 'mine', 'mine']);
    expect((await client.keys(`${prefix}*`)).sort()).toEqual(foreign.sort());
  });

  it('leave nothing behind but counters when they are done and their time to live is over', async () => {
    const { store: open, client, key, prefix } = setup();
    const store = await open({ backend: { ttl: 1 }, broker: { dedupeWindow: 1 } });
    for (const priority of [0, 5]) {
      await store.submit(
        Array.from({ length: 150 }, (_, i) => message({ id: `t${priority}-${i}`, priority, remembered: i % 2 === 0 })),
      );
      for (let claimed = 1; claimed > 0; ) {
        const { claims } = await store.claim({ ...claimOne, count: 100 });
        claimed = claims.length;
        await Promise.all(claims.map((task) => store.finish(task, success(1))));
      }
    }
    // The next sweep removes what the last ends left.
    await client.del(key('swept'));
    await (await open({ backend: { ttl: 1 }, broker: { dedupeWindow: 1 } })).claim(claimOne);
    const counters = ['held', 'idle|default|io', 'lanes', 'sequence', 'swept'].map(key);
    expect((await client.keys(`${prefix}*`)).filter((name) => !counters.includes(name))).toEqual([]);
    expect(await client.get(key('held'))).toBe('0');
  });
});

function firstOf<Store>([store]: readonly Store[]): Store {
  if (!store) throw new Error('There is no store.');
  return store;
}
