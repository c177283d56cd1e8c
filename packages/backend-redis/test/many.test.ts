import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type ClaimedTask, QueueFullError } from '@flowrra/core';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { claimOne, message, ownServer, PLACES, setup, success } from './setup.js';

/** What the server was asked since `CONFIG RESETSTAT`, scripts' own commands included. */
async function commandCalls(client: Redis): Promise<Record<string, number>> {
  const stats = (await client.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return Object.fromEntries([...stats].map(([, name = '', calls]) => [name, Number(calls)]));
}

const MANY = 100_000;
const idOf = (i: number) => `t${String(i).padStart(6, '0')}`;

/** Finished results in their stored form: stored by the backend they would take many times as long. */
async function storeMany(client: Redis, key: (name: string) => string): Promise<void> {
  const call = { taskName: 'x', queue: 'q', args: [], kwargs: null, retryOf: null };
  const run = { attempt: 1, fence: 1, startedAt: null, finishedAt: 1, retries: 0, progress: null, worker: null };
  for (let from = 0; from < MANY; from += 5_000) {
    const ids = Array.from({ length: 5_000 }, (_, i) => idOf(from + i));
    // Ten at a time were submitted in the same moment: among them the id decides.
    const submittedAt = (i: number) => Math.floor((from + i) / 10) + 1;
    const records = ids.flatMap((taskId, i) => {
      const result = { v: 1, taskId, ...call, ...run, submittedAt: submittedAt(i), status: 'success', result: i };
      return [taskId, `r|success|0||1|${submittedAt(i)}|\n${JSON.stringify(result)}`];
    });
    await client.hset(key('tasks'), ...records);
    await client.zadd(key('status:success'), ...ids.flatMap((id, i) => [submittedAt(i), id]));
  }
}

describe.each(PLACES)('many at once, with broker and backend at %s', (places) => {
  it('never wait more than the limit allows: 50 producers submit 500, the rest is refused and leaves nothing (BK-22)', async () => {
    const { pair, client, key } = setup();
    const open = () => pair(places, { broker: { maxQueueSize: 100 } });
    const stores = await Promise.all([1, 2, 3].map(open));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, async (_, producer) => {
        const store = stores[producer % 3] ?? firstOf(stores);
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
    expect(await firstOf(stores).listByStatus('pending', { limit: null })).toHaveLength(100);
  });

  // To the server a process is a connection.
  it('submit the same explicit id: one task, and all the others learn that it exists (BK-23)', async () => {
    const { pair: open } = setup();
    const stores = await Promise.all(Array.from({ length: 20 }, () => open(places)));
    const replies = await Promise.all(
      stores.map((store) => store.submit([message({ id: 'nightly', remembered: true })])),
    );
    expect(replies.flat().filter(({ known }) => !known)).toHaveLength(1);
    expect((await firstOf(stores).claim({ ...claimOne, count: 10 })).claims).toHaveLength(1);
  });
});

describe('many results', () => {
  it('are listed by the page: neither all keys nor all records are read, and the event loop goes on (RB-09)', async () => {
    const { backend: open, client, key } = await ownServer();
    const backend = await open();
    await storeMany(client, key);
    await backend.listByStatus('success', { limit: 1 });
    await client.config('RESETSTAT');
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const begin = performance.now();
    const page = await backend.listByStatus('success', { limit: 50, offset: 100 });
    // Far above what it takes, and far below what reading all of them takes.
    expect(performance.now() - begin).toBeLessThan(3 * 200);
    delay.disable();
    expect(delay.percentile(99) / 1e6).toBeLessThan(3 * 50);
    expect(page.map(({ taskId }) => taskId)).toEqual(Array.from({ length: 50 }, (_, i) => idOf(MANY - 101 - i)));
    const calls = await commandCalls(client);
    expect(calls.hget).toBeLessThanOrEqual(300);
    expect(Object.keys(calls).filter((name) => /^(keys|scan|hgetall|hscan|hvals|hmget)$/.test(name))).toEqual([]);
  }, 60_000);

  it('are cleared in batches, and nothing of others goes with them (RB-10)', async () => {
    const { backend: open, client, key, prefix } = await ownServer();
    const foreign = [`${prefix}:taskforce:1`, `${prefix}s:tasks`, `${prefix}`];
    for (const name of foreign) await client.set(name, 'mine');
    const backend = await open();
    await storeMany(client, key);
    await client.config('RESETSTAT');
    // Microseconds for which one command keeps all others waiting.
    await client.config('SET', 'slowlog-log-slower-than', 3 * 50_000);
    await client.slowlog('RESET');
    expect(await backend.clear()).toBe(MANY);
    expect(await client.slowlog('LEN')).toBe(0);
    const calls = await commandCalls(client);
    expect(calls.keys ?? calls.flushdb ?? calls.flushall).toBeUndefined();
    // Each look was at about a thousand of them.
    expect(calls.hscan).toBeGreaterThanOrEqual(MANY / 2_000);
    expect(await client.mget(foreign)).toEqual(['mine', 'mine', 'mine']);
    expect((await client.keys(`${prefix}*`)).sort()).toEqual(foreign.sort());
  }, 60_000);
});

describe('many tasks', () => {
  it('take few calls: of what is asked one by one 50 share one, of a bulk 100, and ends go along with the next claim', async () => {
    const { store: open, client } = await ownServer();
    const store = await open();
    const callsOf = async (work: () => Promise<unknown>): Promise<number> => {
      await client.config('RESETSTAT');
      await work();
      return (await commandCalls(client)).evalsha ?? 0;
    };
    const some = { ...claimOne, count: 100 };
    const claim = async () => (await store.claim(some)).claims;
    const finishAndClaim = async (tasks: readonly ClaimedTask[]) => {
      const ended = tasks.map((task) => store.finish(task, success(1)));
      const { claims } = await store.claim(some);
      expect(await Promise.all(ended)).toEqual(tasks.map(() => true));
      return claims;
    };
    // The server learns the scripts.
    await store.submit([message(), message()]);
    await finishAndClaim(await finishAndClaim(await claim()));

    expect(await callsOf(() => Promise.all(Array.from({ length: 100 }, () => store.submit([message()]))))).toBe(2);
    expect(await callsOf(() => store.submit(Array.from({ length: 1_000 }, () => message())))).toBe(10);
    let tasks: readonly ClaimedTask[] = [];
    expect(await callsOf(async () => (tasks = await claim()))).toBe(1);
    expect(await callsOf(async () => (tasks = await finishAndClaim(tasks)))).toBe(2);
    expect(tasks).toHaveLength(100);
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
