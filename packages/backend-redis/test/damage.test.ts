import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, PLACES, setup, success } from './setup.js';

const claimMany = { ...claimOne, count: 100 };

describe.each(PLACES)("what stands in the keys by somebody else's hand, with broker and backend at %s", (places) => {
  it('goes to the dead letters once, byte by byte, when it is no message; the next tasks run (BK-15)', async () => {
    const { pair: open, client, key } = setup();
    const store = await open(places);
    const junk: Record<string, Buffer> = {
      null: Buffer.from('null'),
      object: Buffer.from('{}'),
      truncated: Buffer.from('[1,"task",'),
      header: Buffer.from('m|1|2'),
      random: Buffer.concat([Buffer.from([0xff, 0x00]), randomBytes(1_048_576)]),
    };
    await store.submit([message({ id: 'before' })]);
    for (const [id, bytes] of Object.entries(junk)) {
      await client.hset(key('tasks'), id, bytes);
      await client.rpush(key('wait|default|io'), id);
    }
    await client.rpush(key('wait|default|io'), 'no-record', '', '\r\n*');
    await store.submit([message({ id: 'after' })]);

    const { claims } = await store.claim(claimMany);
    expect(claims.map(({ lease, verdict }) => [lease.id, verdict])).toEqual([
      ['before', 'run'],
      ...Object.keys(junk).map((id) => [id, 'unreadable']),
      ['after', 'run'],
    ]);
    for (const task of claims.filter(({ verdict }) => verdict === 'unreadable')) {
      const error = { name: 'MessageUnreadableError', message: 'no message' };
      expect(await store.finish(task, { status: 'failed', error, progressJson: null, deadLetter: 'unreadable' })).toBe(
        true,
      );
      expect(await store.get(task.lease.id)).toMatchObject({ status: 'failed', taskName: '', error });
    }
    expect((await store.claim(claimMany)).claims).toEqual([]);
    const letters = await store.broker.deadLetters('default');
    // Byte by byte, and not by `toEqual`, which takes seconds for a megabyte.
    expect(letters.map(({ id, payload }) => [id, junk[id]?.equals(payload)]).sort()).toEqual(
      Object.keys(junk)
        .sort()
        .map((id) => [id, true]),
    );
    expect(await store.holds(Object.keys(junk))).toEqual([true, true, true, true, true]);
  });

  it.each(['', 'nonsense', '99999999999999|x', '99999999999999|1|1|default|io'])(
    'brings a message back whose lease reads %j (BK-20)',
    async (spoilt) => {
      const { pair: open, client, key } = setup();
      const store = await open(places);
      await store.submit([message({ id: 'a' })]);
      const lost = first((await store.claim(claimOne)).claims);
      await client.hset(key('active'), 'a', spoilt);
      // Another process, whose next claim sweeps.
      await client.del(key('swept'));
      const again = first((await (await open(places)).claim(claimOne)).claims);
      expect(again.lease.fence).toBeGreaterThan(lost.lease.fence);
      expect(await store.finish(lost, success('late'))).toBe(false);
      expect(await store.finish(again, success('again'))).toBe(true);
      expect(await client.get(key('held'))).toBe('0');
    },
  );

  it('brings a message back whose lease was deleted, within two sweeps (BK-20)', async () => {
    const { pair: open, client, key } = setup();
    const store = await open(places);
    await store.submit([message({ id: 'a' }), message({ id: 'b' })]);
    const [lost, held] = (await store.claim({ ...claimOne, count: 2 })).claims;
    await client.hdel(key('active'), 'a');
    const begin = performance.now();
    const claims = await vi.waitUntil(
      async () => {
        const reply = await store.claim(claimOne);
        return reply.claims.length > 0 && reply.claims;
      },
      { timeout: 10_000, interval: 20 },
    );
    // Sweeps are a second apart.
    expect(performance.now() - begin).toBeLessThan(3 * 2_000);
    expect(first(claims).lease.id).toBe('a');
    expect(await store.finish(lost ?? expect.fail(), success('late'))).toBe(false);
    expect(await store.extend([held?.lease ?? expect.fail()], 30_000)).toEqual(['held']);
    expect(await store.finish(first(claims), success('again'))).toBe(true);
    expect(await client.get(key('held'))).toBe('1');
  });

  it('finds the messages of waiting lists that were deleted, once it is told by hand that some are missing (BK-20)', async () => {
    const { pair: open, client, key } = setup();
    const store = await open(places);
    await store.submit([
      message({ id: 'plain' }),
      message({ id: 'prioritised', priority: 5 }),
      message({ id: 'delayed', runAt: { after: 3_600_000 } }),
    ]);
    const lists = ['wait', 'prioritised', 'delayed'].map((kind) => key(`${kind}|default|io`));
    expect(await client.del(lists)).toBe(3);
    await client.del(key('swept'));
    expect((await store.claim({ ...claimOne, count: 10 })).claims).toEqual([]);
    await client.incr(key('held'));
    const found = new Map<string, Awaited<ReturnType<typeof store.claim>>['claims'][number]>();
    await vi.waitFor(
      async () => {
        for (const task of (await store.claim({ ...claimOne, count: 10 })).claims) found.set(task.lease.id, task);
        expect([...found.keys()].sort()).toEqual(['delayed', 'plain', 'prioritised']);
      },
      { timeout: 10_000, interval: 50 },
    );
    for (const task of found.values()) expect(await store.finish(task, success('found'))).toBe(true);
    expect(await client.get(key('held'))).toBe('0');
  });

  it('shows a damaged dead letter as it is, and lets it be taken', async () => {
    const { pair: open, client, key } = setup();
    const { broker } = await open(places);
    await client.hset(key('buried'), 'a', 'no letter');
    await client.zadd(key('dead|default'), 1, 'a');
    const letter = { id: 'a', queue: 'default', reason: 'damaged', payload: new Uint8Array(Buffer.from('no letter')) };
    expect(await broker.deadLetters('default')).toMatchObject([letter]);
    expect(await broker.takeDeadLetter('default', 'a')).toMatchObject(letter);
    expect(await broker.size('default')).toMatchObject({ dead: 0 });
    expect(await broker.holds(['a'])).toEqual([false]);
  });

  it('ends the lease of a message that somebody removed', async () => {
    const { pair: open, client, key } = setup();
    const store = await open(places);
    await store.submit([message({ id: 'a' })]);
    const held = first((await store.claim({ ...claimOne, leaseMs: 1 })).claims);
    await client.hdel(key('tasks'), 'a');
    await client.del(key('swept'));
    expect((await (await open(places)).claim(claimOne)).claims).toEqual([]);
    expect(await client.exists(key('active'))).toBe(0);
    expect(await store.extend([held.lease], 1_000)).toEqual(['lost']);
  });

  it('pollutes no prototype, whatever a payload is called (SE-04)', async () => {
    const { pair: open } = setup();
    const store = await open(places);
    const payload =
      '[1,"t",[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}],{"retries":[0,1,0,1,0],"__proto__":{"polluted":1}}]';
    await store.submit([message({ id: 'constructor', payload })]);
    await store.finish(first((await store.claim(claimOne)).claims), success(1));
    const result = await store.get('constructor');
    expect(result).toMatchObject({ status: 'success', taskName: 't' });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });
});
