import { StoreFullError, StoreUnavailableError } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServer, PLACES, SOON, success } from '../setup.js';

describe.each(PLACES)('a server without memory left, for broker and backend at %s', (places) => {
  it('refuses a submit with a typed error and keeps nothing of it; held tasks still end, and all goes on (BK-10)', async () => {
    const { pair: open, client, key } = await ownServer();
    const store = await open(places);
    await store.submit([message({ id: 'a' })]);
    const held = first((await store.claim(claimOne)).claims);
    await client.config('SET', 'maxmemory', '1');
    await expect(store.submit([message({ id: 'b' })])).rejects.toThrow(StoreFullError);
    expect(await store.get('b')).toBeNull();
    expect(await store.finish(held, success(1))).toBe(true);
    expect(await client.hexists(key('tasks'), 'b')).toBe(0);
    await client.config('SET', 'maxmemory', '0');
    await store.submit([message({ id: 'b' })]);
    expect(first((await store.claim(claimOne)).claims).lease.id).toBe('b');
  });
});

describe('a server without memory left', () => {
  it('lets workers keep what they hold, bring back what was lost, and drain the queue meanwhile (BK-10)', async () => {
    const { pair: open, client } = await ownServer();
    const store = await open('one place');
    await store.submit(['held', 'abandoned', 'waiting'].map((id) => message({ id })));
    const held = first((await store.claim({ ...claimOne, count: 1 })).claims);
    await store.claim({ ...claimOne, count: 1, leaseMs: 1 });
    await client.config('SET', 'maxmemory', '1');
    expect(await store.extend([held.lease], 60_000)).toEqual(['held']);
    const drained = new Set<string>();
    await vi.waitFor(async () => {
      for (const task of (await store.claim(claimOne)).claims) {
        expect(await store.finish(task, success(1))).toBe(true);
        drained.add(task.lease.id);
      }
      expect([...drained].sort()).toEqual(['abandoned', 'waiting']);
    }, SOON);
    expect((await store.claim(claimOne)).claims).toEqual([]);
    expect(await store.finish(held, success(1))).toBe(true);
  });

  it('takes tasks back that it cannot show as running, and gives them out when there is room again (BK-10)', async () => {
    const { pair: open, client } = await ownServer();
    const store = await open('two places');
    await store.submit(['held', 'abandoned', 'waiting'].map((id) => message({ id })));
    const held = first((await store.claim({ ...claimOne, count: 1 })).claims);
    await store.claim({ ...claimOne, count: 1, leaseMs: 1 });
    await client.config('SET', 'maxmemory', '1');
    expect(await store.extend([held.lease], 60_000)).toEqual(['held']);
    const waiting = first((await store.claim(claimOne)).claims);
    expect(waiting.lease.id).toBe('waiting');
    await vi.waitFor(() => expect(store.claim(claimOne)).rejects.toThrow(StoreFullError), SOON);
    await client.config('SET', 'maxmemory', '0');
    const abandoned = first((await store.claim(claimOne)).claims);
    expect(abandoned).toMatchObject({ lease: { id: 'abandoned' }, crashes: 1 });
    for (const task of [held, waiting, abandoned]) expect(await store.finish(task, success(1))).toBe(true);
  });
});

describe.each(PLACES)('a server that is a replica for a while, for broker and backend at %s', (places) => {
  it('refuses writes as unavailable, and is used again when it is a master (BK-08)', async () => {
    const { pair: open, client } = await ownServer();
    const store = await open(places);
    await store.submit([message({ id: 'a' })]);
    await client.config('SET', 'replica-serve-stale-data', 'yes');
    await client.replicaof('127.0.0.1', 1);
    await expect(store.submit([message()])).rejects.toThrow(/read-only replica/);
    await expect(store.claim(claimOne)).rejects.toThrow(StoreUnavailableError);
    await client.replicaof('NO', 'ONE');
    const reply = await vi.waitFor(() => store.claim(claimOne), SOON);
    expect(first(reply.claims).lease.id).toBe('a');
  });
});

describe('a server that is set up badly', () => {
  it('is warned of when its policy evicts, and when that cannot be read (BK-11)', async () => {
    const { server, broker: open, client, lines } = await ownServer({ aclUsers: ['worker on >w ~* &* +@all -config'] });
    await (await open()).size('default');
    expect(lines).toEqual([]);
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await (await open()).size('default');
    expect(lines).toEqual([
      {
        level: 'warn',
        data: expect.objectContaining({ policy: 'allkeys-lru' }),
        message: expect.stringContaining('noeviction'),
      },
    ]);
    const limited = await open({}, `redis://worker:w@127.0.0.1:${server.port}`);
    await limited.size('default');
    expect(lines[1]?.message).toContain('could not be checked');
  });

  it('says which permission is meant when it refuses a command', async () => {
    const { server, broker: open } = await ownServer({ aclUsers: ['reader on >r ~* &* +@read +@connection +info'] });
    const broker = await open({}, `redis://reader:r@127.0.0.1:${server.port}`);
    await expect(broker.push([message()])).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringMatching(/lacks a permission.*'evalsha'/),
    });
  });
});
