import type { TaskStore } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import type { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServer, setup, success } from './setup.js';

const FOR_EVER = { timeout: null };

async function pubsubClients(client: Redis): Promise<number> {
  return String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
    .split('\n')
    .filter(Boolean).length;
}

async function listensTo(client: Redis, channel: string, listeners: number): Promise<void> {
  await vi.waitFor(async () => expect(await client.pubsub('NUMSUB', channel)).toEqual([channel, listeners]));
}

/** A wait looks once more when it is heard; questions that follow are answered after that. */
async function hasLooked(waiter: Pick<TaskStore, 'get'>): Promise<void> {
  for (let i = 0; i < 5; i++) await waiter.get('a');
}

describe('waiting for results', () => {
  it('of 500 tasks takes one connection that listens, and no channel is left afterwards', async () => {
    const { store: open, client, prefix } = await ownServer();
    const store = await open();
    const before = await pubsubClients(client);
    const ids = Array.from({ length: 500 }, (_, i) => `t${i}`);
    // Half of them are submitted here, the others by some other process.
    await store.submit(ids.slice(0, 250).map((id) => message({ id, origin: 'here' })));
    const waits = ids.map((id) => store.waitFor(id, FOR_EVER));
    const elsewhere = await open();
    await elsewhere.submit(ids.slice(250).map((id) => message({ id, origin: 'elsewhere' })));
    await vi.waitFor(async () => expect((await client.pubsub('CHANNELS', `${prefix}*`)).length).toBeGreaterThan(250));
    expect((await pubsubClients(client)) - before).toBeLessThanOrEqual(1);
    for (let claimed = 100; claimed > 0; ) {
      const { claims } = await elsewhere.claim({ ...claimOne, count: 100 });
      claimed = claims.length;
      await Promise.all(claims.map((task) => elsewhere.finish(task, success(task.lease.id))));
    }
    expect((await Promise.all(waits)).map(({ taskId }) => taskId)).toEqual(ids);
    // What is left tells workers of work.
    await expect
      .poll(() => client.pubsub('CHANNELS', `${prefix}*`), { timeout: 5_000 })
      .toEqual([expect.stringContaining('wake')]);
  });

  it('sees what has ended already, even with no time to wait and nothing connected yet', async () => {
    const { store: open, backend: openBackend } = setup();
    const store = await open();
    await store.submit([message({ id: 'a' })]);
    await store.finish(first((await store.claim(claimOne)).claims), success(1));
    expect(await (await openBackend()).waitFor('a', { timeout: 0 })).toMatchObject({ status: 'success' });
    await expect((await openBackend()).waitFor('b', { timeout: 0 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  });

  it('survives that the listening connection is killed while the task ends', async () => {
    const { store: open, client, key, context } = await ownServer();
    const [store, other, worker] = [await open(), await open(), await open()];
    await worker.submit([message({ id: 'a' })]);
    const task = first((await worker.claim(claimOne)).claims);
    // Clocks stand still, so that what was missed is found because the connection is there again.
    for (const { backend } of [store, other]) await backend.open({ ...context, clock: new ManualClock() });
    const waits = [store, other].map((waiter) => waiter.waitFor('a', FOR_EVER));
    await listensTo(client, key('0|done-task:a'), 2);
    for (const waiter of [store, other]) await hasLooked(waiter);
    await client.client('KILL', 'TYPE', 'pubsub');
    await worker.finish(task, success('heard'));
    expect((await Promise.all(waits)).map((result) => result.status)).toEqual(['success', 'success']);
  });

  it.each([
    ['the process that submitted it', 'small', true],
    ['the process that submitted it, though it is large', 'x'.repeat(10_000), true],
    ['another process', 'small', false],
  ])('hears of the end by a notice in %s, without the look that comes a second later', async (_who, value, own) => {
    const { store: open, context, client, key } = setup();
    const [submitter, worker, other] = [await open(), await open(), await open()];
    await submitter.submit([message({ id: 'a', origin: 'submitter' })]);
    const waiter = own ? submitter : other;
    // Its clock stands still, so that nothing but a notice can end the wait.
    await waiter.backend.open({ ...context, clock: new ManualClock() });
    const waiting = waiter.waitFor('a', FOR_EVER);
    const task = first((await worker.claim(claimOne)).claims);
    await listensTo(client, key(own ? '0|done:submitter' : '0|done-task:a'), 1);
    await hasLooked(waiter);
    await worker.finish(task, success(value));
    expect(await waiting).toMatchObject({ status: 'success', result: value });
  });

  it("ends with the task's result being removed, at once", async () => {
    const { store: open, backend: openBackend } = setup();
    const store = await open();
    await store.submit([message({ id: 'a' }), message({ id: 'b' })]);
    const backend = await openBackend();
    const seen = ['a', 'b'].map((id) => backend.waitFor(id, FOR_EVER).catch((err: unknown) => err));
    await vi.waitFor(async () => expect(await backend.get('b')).not.toBeNull());
    await backend.delete('a');
    await vi.waitFor(async () =>
      expect(await Promise.race([seen[0], null])).toMatchObject({ code: 'RESULT_NOT_FOUND' }),
    );
    await backend.clear();
    expect(await seen[1]).toMatchObject({ code: 'RESULT_NOT_FOUND' });
    // Results are gone, messages are not.
    expect((await store.claim({ ...claimOne, count: 5 })).claims.map(({ lease }) => lease.id)).toEqual(['a', 'b']);
  });

  it('does not begin while the server is away, goes on through an outage, and ends with the backend', async () => {
    const { server, backend: open, client, key } = await ownServer({ appendonly: true });
    const backend = await open({ deadline: 200 });
    const waits = ['a', 'b'].map((id) => backend.waitFor(id, FOR_EVER).catch((err: unknown) => err));
    await listensTo(client, key('0|done-task:b'), 1);
    await hasLooked(backend);
    await server.kill();
    await expect(backend.waitFor('c', FOR_EVER)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await server.restart();
    const record = `r|success|1|1|0|\n${JSON.stringify({ v: 1, taskId: 'a', status: 'success', result: 1 })}`;
    await vi.waitFor(() => client.hset(key('tasks'), 'a', record), 10_000);
    expect(await waits[0]).toMatchObject({ status: 'success' });
    await backend.close();
    expect(await waits[1]).toMatchObject({ code: 'STOPPED' });
  });
});
