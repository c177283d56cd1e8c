import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { claimOne, first, message, setup, success } from './setup.js';

const claimMany = { ...claimOne, count: 100 };

describe("what stands in the keys by somebody else's hand", () => {
  it('goes to the dead letters once, byte by byte, when it is no message; the next tasks run', async () => {
    const { store: open, client, key } = setup();
    const store = await open();
    const junk: Record<string, Buffer> = {
      null: Buffer.from('null'),
      object: Buffer.from('{}'),
      truncated: Buffer.from('{"v":1,"task":'),
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
    expect(Object.fromEntries(letters.map(({ id, payload }) => [id, Buffer.from(payload)]))).toEqual(junk);
    expect(await store.holds(Object.keys(junk))).toEqual([true, true, true, true, true]);
  });

  it.each(['', 'nonsense', '99999999999999|x', '99999999999999|1|1|default|io'])(
    'brings a message back whose lease reads %j',
    async (spoilt) => {
      const { store: open, client, key } = setup();
      const store = await open();
      await store.submit([message({ id: 'a' })]);
      const lost = first((await store.claim(claimOne)).claims);
      await client.hset(key('active'), 'a', spoilt);
      // Another process, whose next claim sweeps.
      await client.del(key('swept'));
      const again = first((await (await open()).claim(claimOne)).claims);
      expect(again.lease.fence).toBeGreaterThan(lost.lease.fence);
      expect(await store.finish(lost, success('late'))).toBe(false);
      expect(await store.finish(again, success('again'))).toBe(true);
      expect(await client.get(key('held'))).toBe('0');
    },
  );

  it('ends the lease of a message that somebody removed', async () => {
    const { store: open, client, key } = setup();
    const store = await open();
    await store.submit([message({ id: 'a' })]);
    const held = first((await store.claim({ ...claimOne, leaseMs: 1 })).claims);
    await client.hdel(key('tasks'), 'a');
    await client.del(key('swept'));
    expect((await (await open()).claim(claimOne)).claims).toEqual([]);
    expect(await client.exists(key('active'))).toBe(0);
    expect(await store.extend([held.lease], 1_000)).toEqual(['lost']);
  });

  it('pollutes no prototype, whatever a payload is called', async () => {
    const { store: open } = setup();
    const store = await open();
    const payload =
      '{"v":1,"task":"t","args":[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}],"retries":[0,1,0,1,0],"__proto__":{"polluted":1}}';
    await store.submit([message({ id: 'constructor', payload })]);
    await store.finish(first((await store.claim(claimOne)).claims), success(1));
    const result = await store.get('constructor');
    expect(result).toMatchObject({ status: 'success', taskName: 't' });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });
});
