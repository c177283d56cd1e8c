import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { IndeterminateSubmitError, StoreFullError, StoreUnavailableError } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RedisBroker } from '../src/index.js';
import { claimOne, first, message, ownServer, setup, success } from './setup.js';

const SOON = { timeout: 15_000, interval: 20 };

describe('a server that is down', () => {
  it("refuses a submit within the deadline, and the task is not enqueued later behind the caller's back", async () => {
    const { server, broker: open, client, key } = await ownServer();
    const broker = await open({ deadline: 300 });
    await server.kill();
    const failure = await broker.push([message()]).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(StoreUnavailableError);
    expect(String(failure)).toContain('cannot be reached');
    await server.restart();
    await vi.waitFor(() => broker.push([message({ id: 'later' })]), SOON);
    expect(await client.hkeys(key('tasks'))).toEqual(['later']);
  });

  it('is found again by itself', async () => {
    const { server, store: open } = await ownServer({ appendonly: true, appendfsync: 'always' });
    const store = await open();
    await store.submit([message({ id: 'a' })]);
    await server.kill();
    await expect(store.get('a')).rejects.toThrow(StoreUnavailableError);
    await server.restart();
    const reply = await vi.waitFor(() => store.claim(claimOne), SOON);
    expect(await store.finish(first(reply.claims), success(1))).toBe(true);
  });

  it('is waited for, or refused as not there yet, while it loads its data', async () => {
    // A hidden setting of Redis for its own tests: microseconds per key.
    const options = {
      appendonly: true,
      extraConfig: ['key-load-delay 4000', 'loading-process-events-interval-bytes 1024'],
    };
    const { server, store: open } = await ownServer(options);
    const [patient, hasty] = [await open({ broker: { deadline: '20s' } }), await open({ broker: { deadline: 50 } })];
    await patient.submit(Array.from({ length: 150 }, (_, i) => message({ id: `t${i}` })));
    await hasty.size('default');
    const restarted = server.restart();
    const refusal = await vi.waitFor(async () => {
      const failure = await hasty.size('default').catch((err: unknown) => err);
      expect(String(failure)).toContain('loading');
      return failure;
    }, SOON);
    expect(refusal).toBeInstanceOf(StoreUnavailableError);
    expect(await patient.submit([message()])).toMatchObject([{ known: false }]);
    await restarted;
    expect((await hasty.size('default')).waiting).toBe(151);
  });

  it('keeps nobody waiting who closes', async () => {
    const { server, broker: open } = await ownServer();
    const broker = await open();
    await broker.push([message()]);
    await server.kill();
    await broker.close();
    await expect(broker.push([message()])).rejects.toMatchObject({ code: 'STOPPED' });
  });
});

describe('a connection that falls silent before the server has greeted it', () => {
  it('is given up for a new one', async () => {
    const { server, broker: open } = await ownServer();
    let connections = 0;
    const sockets: Socket[] = [];
    const link = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      if (connections++ > 0) socket.pipe(connect(server.port, '127.0.0.1').on('error', () => {})).pipe(socket);
    });
    await once(link.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      link.close();
    });
    const broker = await open({ deadline: 300, redis: { port: (link.address() as AddressInfo).port } });
    await expect(broker.size('default')).rejects.toThrow(StoreUnavailableError);
    await vi.waitFor(() => broker.size('default'), SOON);
    expect(connections).toBe(2);
  });
});

describe('a connection that leaves many calls without a reply', () => {
  it('is cut once, without a warning about listeners', async () => {
    const { server, broker: open } = await ownServer();
    const broker = await open();
    await broker.claim(claimOne);
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    await server.kill('SIGSTOP');
    const calls = await Promise.allSettled(Array.from({ length: 20 }, () => broker.claim(claimOne)));
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set(['rejected']));
    await server.kill('SIGCONT');
    await vi.waitFor(() => broker.claim(claimOne), SOON);
    expect(warnings).toEqual([]);
  });
});

describe('a reply that is lost', () => {
  it('is asked for again, and the task is there once', async () => {
    const { server, broker: open } = await ownServer();
    const broker = await open({ deadline: '10s' });
    await broker.size('default');
    const others = new Redis(server.url);
    onTestFinished(() => others.disconnect());
    await others.client('PAUSE', 300, 'WRITE');
    const pushed = broker.push([message({ id: 'a' })]);
    await vi.waitFor(async () => expect(await blockedClients(others)).toBe(1), SOON);
    await others.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect(await pushed).toEqual([{ known: false, submittedAt: expect.any(Number) }]);
    expect((await broker.size('default')).waiting).toBe(1);
  });

  it('makes a submit indeterminate when the deadline passes first; repeating it succeeds and enqueues once', async () => {
    const { server, broker: open } = await ownServer();
    const broker = await open({ deadline: 300 });
    // The server knows the script from here on: an unknown one would have to be sent a second time.
    await broker.push([message({ queue: 'other' })]);
    await server.kill('SIGSTOP');
    const failure = await broker.push([message({ id: 'a' })]).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(IndeterminateSubmitError);
    expect(failure).toMatchObject({ taskIds: ['a'] });
    await server.kill('SIGCONT');
    const [reply] = await vi.waitFor(() => broker.push([message({ id: 'a' })]), SOON);
    expect(reply?.known).toBe(true);
    expect((await broker.size('default')).waiting).toBe(1);
  });
});

async function blockedClients(client: Redis): Promise<number> {
  return Number(/blocked_clients:(\d+)/.exec(await client.info('clients'))?.[1]);
}

describe('a server that refuses', () => {
  it('writes for want of memory: the submit fails typed and leaves nothing, held tasks still end, and all goes on', async () => {
    const { store: open, client, key } = await ownServer();
    const store = await open();
    await store.submit([message({ id: 'a' })]);
    const held = first((await store.claim(claimOne)).claims);
    await client.config('SET', 'maxmemory', '1');
    await expect(store.submit([message({ id: 'b' })])).rejects.toThrow(StoreFullError);
    expect(await store.finish(held, success(1))).toBe(true);
    expect(await client.hkeys(key('tasks'))).toEqual(['a']);
    await client.config('SET', 'maxmemory', '0');
    await store.submit([message({ id: 'b' })]);
    expect(first((await store.claim(claimOne)).claims).lease.id).toBe('b');
  });

  it('writes for want of memory: workers keep what they hold, bring back what was lost, and drain the queue', async () => {
    const { store: open, client } = await ownServer();
    const store = await open();
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

  it('writes while it is a replica: typed as unavailable, and over when it is a master again', async () => {
    const { store: open, client } = await ownServer();
    const store = await open();
    await store.submit([message({ id: 'a' })]);
    await client.config('SET', 'replica-serve-stale-data', 'yes');
    await client.replicaof('127.0.0.1', 1);
    await expect(store.submit([message()])).rejects.toThrow(/read-only replica/);
    await expect(store.claim(claimOne)).rejects.toThrow(StoreUnavailableError);
    await client.replicaof('NO', 'ONE');
    const reply = await vi.waitFor(() => store.claim(claimOne), SOON);
    expect(first(reply.claims).lease.id).toBe('a');
  });

  it('forgets its scripts between any two steps: nobody notices', async () => {
    const { store: open, client, key } = setup();
    const store = await open();
    const flush = () => client.script('FLUSH');
    await flush();
    const ids = Array.from({ length: 250 }, (_, i) => `t${i}`);
    const submitted = store.submit(ids.map((id) => message({ id })));
    await Promise.all([flush(), submitted]);
    const waits = ids.map((id) => store.waitFor(id));
    const { claims } = await store.claim({ ...claimOne, count: 100 });
    await flush();
    expect(
      await store.extend(
        claims.map(({ lease }) => lease),
        30_000,
      ),
    ).toEqual(claims.map(() => 'held'));
    const rest = [
      ...(await store.claim({ ...claimOne, count: 100 })).claims,
      ...(await store.claim({ ...claimOne, count: 100 })).claims,
    ];
    await flush();
    const ends = [...claims, ...rest].map((task) => store.finish(task, success(task.lease.id)));
    await flush();
    expect(await Promise.all(ends)).toEqual(ids.map(() => true));
    expect((await Promise.all(waits)).map(({ taskId }) => taskId)).toEqual(ids);
    expect(await client.hlen(key('active'))).toBe(0);
  });

  it('to keep what does not fit: a policy that evicts is warned of, and one that cannot be read, too', async () => {
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

  it('commands for want of a permission: the error says which permission is meant', async () => {
    const { server, broker: open } = await ownServer({ aclUsers: ['reader on >r ~* &* +@read +@connection +info'] });
    const broker = await open({}, `redis://reader:r@127.0.0.1:${server.port}`);
    await expect(broker.push([message()])).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining('permission'),
    });
  });
});

describe('a link that is silent', () => {
  it('is noticed while nothing is asked, and work that comes after is done', async () => {
    const { server, store: open } = await ownServer();
    const store = await open();
    await store.claim(claimOne);
    const broker = store.broker as RedisBroker;
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(true), SOON);
    await server.kill('SIGSTOP');
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(false), SOON);
    await server.kill('SIGCONT');
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(true), SOON);
    await store.submit([message({ id: 'a' })]);
    expect(first((await store.claim(claimOne)).claims).lease.id).toBe('a');
  }, 40_000);
});

describe('clocks of workers that are wrong', () => {
  it('neither start a delayed task early, nor steal a lease, nor keep one for ever', async () => {
    const { broker: open, client, key } = setup();
    const [fast, slow] = [await open(), await open()];
    await fast.open({ clock: new ManualClock(Date.now() + 3_600_000), logger: console });
    await slow.open({ clock: new ManualClock(Date.now() - 3_600_000), logger: console });
    await slow.push([message({ id: 'delayed', runAt: { after: 60_000 } }), message({ id: 'a' })]);
    expect((await fast.claim(claimOne)).claims.map(({ lease }) => lease.id)).toEqual(['a']);
    await client.del(key('swept'));
    expect((await fast.claim(claimOne)).claims).toEqual([]);
    const [expiry] = (await client.hget(key('active'), 'a'))?.split('|') ?? [];
    expect(Math.abs(Number(expiry) - 30_000 - Date.now())).toBeLessThan(10_000);
  });
});
