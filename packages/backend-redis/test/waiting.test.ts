import type { TaskStore } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import type { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServer, ownServerBehindLink, PLACES, setup, success } from './setup.js';

const FOR_EVER = { timeout: null };

async function pubsubClients(client: Redis): Promise<number> {
  return String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
    .split('\n')
    .filter(Boolean).length;
}

async function listensTo(client: Redis, channel: string, listeners: number): Promise<void> {
  await vi.waitFor(async () => expect(await client.pubsub('NUMSUB', channel)).toEqual([channel, listeners]));
}

/** How often scripts read something, which is what a look at a record is. */
async function recordsRead(client: Redis): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
}

/** A wait looks once more when it is heard; questions that follow are answered after that. */
async function hasLooked(waiter: Pick<TaskStore, 'get'>): Promise<void> {
  for (let i = 0; i < 5; i++) await waiter.get('a');
}

/** Where somebody is told that a task has ended. */
async function endsHeard(client: Redis, prefix: string): Promise<unknown[]> {
  // The rest tells workers of work.
  return (await client.pubsub('CHANNELS', `${prefix}*`)).filter((channel) => !String(channel).includes('wake'));
}

it('a wait that relies on a notice goes on when the server goes away', async () => {
  const { link, linkUrl, pair } = await ownServerBehindLink();
  const [producer, worker] = [await pair('one place', {}, linkUrl), await pair('one place')];
  const origin = 'producer';
  await producer.submit([message({ id: 'first', origin })]);
  const heard = producer.waitFor('first', FOR_EVER);
  await worker.finish(first((await worker.claim(claimOne)).claims), success(1));
  await heard;
  await producer.submit([message({ id: 'a', origin })]);
  const waiting = producer.waitFor('a', FOR_EVER);
  await link.set({ kind: 'refuse' });
  link.reset();
  await worker.finish(first((await worker.claim(claimOne)).claims), success('after the outage'));
  // A wait looks once a second, and the wait for the connection takes time as well.
  const overdue = new Promise((resolve) => setTimeout(resolve, 3_500));
  await Promise.race([waiting, overdue]);
  await link.set({ kind: 'pass' });
  expect(await waiting).toMatchObject({ result: 'after the outage' });
});

describe.each(PLACES)('waiting for results, with broker and backend at %s', (places) => {
  it('of 500 tasks takes one connection that listens, and no channel is left afterwards (RB-02)', async () => {
    const { pair: openPair, client, prefix } = await ownServer();
    const open = () => openPair(places);
    const store = await open();
    const before = await pubsubClients(client);
    const ids = Array.from({ length: 500 }, (_, i) => `t${i}`);
    // Half of them are submitted here, the others by some other process.
    await store.submit(ids.slice(0, 250).map((id) => message({ id, origin: 'here' })));
    const waits = ids.map((id) => store.waitFor(id, FOR_EVER));
    const elsewhere = await open();
    await elsewhere.submit(ids.slice(250).map((id) => message({ id, origin: 'elsewhere' })));
    await vi.waitFor(async () => expect((await endsHeard(client, prefix)).length).toBeGreaterThan(250));
    expect((await pubsubClients(client)) - before).toBeLessThanOrEqual(1);
    for (let claimed = 100; claimed > 0; ) {
      const { claims } = await elsewhere.claim({ ...claimOne, count: 100 });
      claimed = claims.length;
      await Promise.all(claims.map((task) => elsewhere.finish(task, success(task.lease.id))));
    }
    expect((await Promise.all(waits)).map(({ taskId }) => taskId)).toEqual(ids);
    await expect.poll(() => endsHeard(client, prefix), { timeout: 5_000 }).toEqual([]);
  });

  it.each(['that connects only now', 'that listens already'])(
    'by one %s sees an end that comes while its subscription is on its way, without the look a second later (RB-01)',
    async (who) => {
      const { pair: open, client, key, context, link, linkUrl } = await ownServerBehindLink();
      const [waiter, worker] = [await open(places, {}, linkUrl), await open(places)];
      await waiter.submit([message({ id: 'own', origin: 'waiter' })]);
      await worker.submit([message({ id: 'other', origin: 'worker' })]);
      const { claims } = await worker.claim({ ...claimOne, count: 2 });
      await waiter.get('own');
      // Its clock stands still, so that nothing is looked at again by time.
      await waiter.backend.open({ ...context, clock: new ManualClock() });
      const taskChannel = (id: string) => key(`${places === 'one place' ? 0 : 1}|done-task:${id}`);
      if (who === 'that listens already') {
        void waiter.waitFor('unseen', FOR_EVER).catch(() => {});
        await listensTo(client, taskChannel('unseen'), 1);
        await hasLooked(waiter);
      }
      const looks = await recordsRead(client);
      await link.set({ kind: 'delay', ms: 200 });
      const waits = ['own', 'other'].map((id) => waiter.waitFor(id, FOR_EVER));
      await vi.waitFor(async () => expect(await recordsRead(client)).toBeGreaterThan(looks), { interval: 5 });
      for (const task of claims) await worker.finish(task, success(task.lease.id));
      expect(await client.pubsub('NUMSUB', taskChannel('other'))).toEqual([taskChannel('other'), 0]);
      expect(await Promise.all(waits)).toMatchObject([{ result: 'own' }, { result: 'other' }]);
    },
  );

  it('survives that the listening connection is killed while the task ends (RB-04)', async () => {
    const { pair: open, client, key, context } = await ownServer();
    const [store, other, worker] = [await open(places), await open(places), await open(places)];
    await worker.submit([message({ id: 'a' })]);
    const task = first((await worker.claim(claimOne)).claims);
    // Clocks stand still, so that what was missed is found because the connection is there again.
    for (const { backend } of [store, other]) await backend.open({ ...context, clock: new ManualClock() });
    const waits = [store, other].map((waiter) => waiter.waitFor('a', FOR_EVER));
    await listensTo(client, key(`${places === 'one place' ? 0 : 1}|done-task:a`), 2);
    for (const waiter of [store, other]) await hasLooked(waiter);
    await client.client('KILL', 'TYPE', 'pubsub');
    await worker.finish(task, success('heard'));
    expect((await Promise.all(waits)).map((result) => result.status)).toEqual(['success', 'success']);
  });

  it("ends with the task's result being removed, at once (RB-07)", async () => {
    const { pair: open } = setup();
    const store = await open(places);
    await store.submit([message({ id: 'a' }), message({ id: 'b' })]);
    const [backend, waiter] = [(await open(places)).backend, (await open(places)).backend];
    const seen = ['a', 'b'].map((id) => waiter.waitFor(id, FOR_EVER).catch((err: unknown) => err));
    await vi.waitFor(async () => expect(await waiter.get('b')).not.toBeNull());
    await backend.delete('a');
    await vi.waitFor(async () =>
      expect(await Promise.race([seen[0], null])).toMatchObject({ code: 'RESULT_NOT_FOUND' }),
    );
    await backend.clear();
    expect(await seen[1]).toMatchObject({ code: 'RESULT_NOT_FOUND' });
    // Results are gone, messages are not.
    expect((await store.claim({ ...claimOne, count: 5 })).claims.map(({ lease }) => lease.id)).toEqual(['a', 'b']);
  });
});

describe('waiting for results', () => {
  it('sees what has ended already, even with no time to wait and nothing connected yet', async () => {
    const { store: open, backend: openBackend } = setup();
    const store = await open();
    await store.submit([message({ id: 'a' })]);
    await store.finish(first((await store.claim(claimOne)).claims), success(1));
    expect(await (await openBackend()).waitFor('a', { timeout: 0 })).toMatchObject({ status: 'success' });
    await expect((await openBackend()).waitFor('b', { timeout: 0 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
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

  describe('of a task that was submitted while this process listened', () => {
    /** A process that listens, as somebody waits for another task of its own; its clock stands still. */
    async function listening() {
      const own = await ownServer();
      const [waiter, worker] = [await own.store(), await own.store()];
      await waiter.backend.open({ ...own.context, clock: new ManualClock() });
      await waiter.submit([message({ id: 'first', origin: 'waiter', queue: 'other' })]);
      void waiter.waitFor('first', FOR_EVER).catch(() => {});
      await listensTo(own.client, own.key('0|done:waiter'), 1);
      await hasLooked(waiter);
      const submit = () => waiter.submit([message({ id: 'a', origin: 'waiter' })]);
      const end = async () => {
        const task = first((await worker.claim(claimOne)).claims);
        await worker.finish(task, success('ended'));
      };
      return { ...own, waiter, worker, submit, end };
    }

    it('reads nothing', async () => {
      const { waiter, submit, end, client } = await listening();
      await submit();
      const looks = await recordsRead(client);
      const waiting = waiter.waitFor('a', FOR_EVER);
      // This reads once, and after whatever the wait would read.
      await waiter.get('first');
      expect(await recordsRead(client)).toBe(looks + 1);
      await end();
      expect(await waiting).toMatchObject({ result: 'ended' });
    });

    it('gets an end that came before it', async () => {
      const { waiter, worker, submit, end, client } = await listening();
      await submit();
      await end();
      // Its notice has come when that of a later end has.
      await waiter.submit([message({ id: 'later', origin: 'waiter' })]);
      const later = waiter.waitFor('later', FOR_EVER);
      await worker.finish(first((await worker.claim(claimOne)).claims), success(2));
      await later;
      const looks = await recordsRead(client);
      expect(await waiter.waitFor('a', FOR_EVER)).toMatchObject({ result: 'ended' });
      expect(await recordsRead(client)).toBe(looks);
    });

    it('reads again what may have been missed in a gap', async () => {
      const { waiter, submit, end, client, key } = await listening();
      await submit();
      await client.client('KILL', 'TYPE', 'pubsub');
      await end();
      await listensTo(client, key('0|done:waiter'), 1);
      expect(await waiter.waitFor('a', FOR_EVER)).toMatchObject({ result: 'ended' });
    });

    it('ends when the result was removed before it', async () => {
      const { waiter, worker, submit, end, client, key } = await listening();
      await submit();
      await end();
      await worker.backend.delete?.('a');
      await listensTo(client, key('0|done:waiter'), 1);
      await expect(waiter.waitFor('a', { ...FOR_EVER, seen: true })).rejects.toMatchObject({
        code: 'RESULT_NOT_FOUND',
      });
    });

    it('gets the end of an id that had ended before it was submitted again', async () => {
      const { waiter, worker, submit, end } = await listening();
      await worker.submit([message({ id: 'a', origin: 'worker', remembered: true })]);
      await end();
      expect(await submit()).toMatchObject([{ known: true }]);
      expect(await waiter.waitFor('a', FOR_EVER)).toMatchObject({ result: 'ended' });
    });
  });

  it('needs nothing to be written: it begins while the server is out of memory, and ends with the task (BK-10)', async () => {
    const { store: open, client } = await ownServer();
    const [worker, elsewhere] = [await open(), await open()];
    await worker.submit([message({ id: 'a' })]);
    const task = first((await worker.claim(claimOne)).claims);
    await client.config('SET', 'maxmemory', 1);
    const waiting = elsewhere.waitFor('a', FOR_EVER);
    await hasLooked(elsewhere);
    await client.config('SET', 'maxmemory', 0);
    await worker.finish(task, success(1));
    expect(await waiting).toMatchObject({ status: 'success' });
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
    const record = `r|success|0||1|1|\n${JSON.stringify({ v: 1, taskId: 'a', status: 'success', result: 1 })}`;
    await vi.waitFor(() => client.hset(key('tasks'), 'a', record), 10_000);
    expect(await waits[0]).toMatchObject({ status: 'success' });
    await backend.close();
    expect(await waits[1]).toMatchObject({ code: 'STOPPED' });
  });
});
