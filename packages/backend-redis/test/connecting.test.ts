import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import {
  BackendError,
  ConfigError,
  getBackend,
  getBroker,
  InvalidUrlError,
  StoreUnavailableError,
} from '@flowrra/core';
import { type RedisServer, startRedis } from '@flowrra/testing-servers';
import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RedisBackend, RedisBroker, storeProvider } from '../src/index.js';
import { message, setup } from './setup.js';

/** A submit, and a look at what became of it. */
async function roundTrip(url: string | Redis, redis: object = {}): Promise<void> {
  const options = { keyPrefix: `connecting-${randomUUID()}`, redis };
  const broker = new RedisBroker(url, options);
  const backend = new RedisBackend(url, options);
  try {
    const task = message();
    await broker.push([task]);
    expect(await broker.holds([task.id])).toEqual([true]);
    expect(await backend.get(task.id)).toMatchObject({ status: 'pending' });
    expect(await broker.purge('default')).toEqual([task.id]);
  } finally {
    await Promise.all([broker.close(), backend.close()]);
  }
}

describe('every form of address', () => {
  const servers: RedisServer[] = [];
  let locked: RedisServer;
  let encrypted: RedisServer;
  let local: RedisServer;
  beforeAll(async () => {
    const users = ['ann on >p@ss:/w ~* &* +@all'];
    [locked, encrypted, local] = await Promise.all([
      startRedis({ password: 'hunter2', aclUsers: users }),
      startRedis({ tls: true }),
      startRedis({ unixSocket: true }),
    ]);
    servers.push(locked, encrypted, local);
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('plain', () => roundTrip(redisForTests()));

  it('with a password', () => roundTrip(`redis://:hunter2@127.0.0.1:${locked.port}`));

  it('with a user and a percent-encoded password', () =>
    roundTrip(`redis://ann:p%40ss%3A%2Fw@127.0.0.1:${locked.port}/0`));

  it("with TLS and an authority of one's own", () =>
    roundTrip(`rediss://127.0.0.1:${encrypted.port}`, { tls: { ca: encrypted.tls?.ca } }));

  it('a Unix socket', () => roundTrip(`unix://${local.socketPath}?db=2`));

  it('the primary that a Sentinel names', async () => {
    const primary = await startRedis();
    onTestFinished(() => primary.stop());
    const sentinel = await startRedis({
      sentinel: true,
      extraConfig: [`sentinel monitor tasks 127.0.0.1 ${primary.port} 1`],
    });
    onTestFinished(() => sentinel.stop());
    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
    await roundTrip('redis://tasks', { sentinels, name: 'tasks' });
  });

  it('a numbered database', async () => {
    const url = new URL(redisForTests());
    url.pathname = '/7';
    await roundTrip(url.href);
    const { client, broker: open, key } = setup();
    await (await open({}, url.href)).push([message()]);
    expect(await client.exists(key('tasks'))).toBe(0);
    await client.select(7);
    expect(await client.exists(key('tasks'))).toBe(1);
  });

  it('a ready client, which is still open afterwards', async () => {
    const client = new Redis(redisForTests());
    onTestFinished(() => client.disconnect());
    await roundTrip(client);
    expect(await client.ping()).toBe('PONG');
    expect(client.listenerCount('error')).toBe(0);
  });

  it('a client that many stores share, without a warning about listeners', async () => {
    const client = new Redis(redisForTests());
    onTestFinished(() => client.disconnect());
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const stores = Array.from({ length: 15 }, () => new RedisBackend(client));
    await Promise.all(stores.map((store) => store.get('none')));
    await Promise.all(stores.map((store) => store.close()));
    // Warnings come in a turn of their own.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
    expect(client.getMaxListeners()).toBe(10);
  });

  it('does not trust a certificate of an unknown authority', async () => {
    const failure = await roundTrip(`rediss://127.0.0.1:${encrypted.port}`).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(StoreUnavailableError);
    expect(String(failure)).toContain('self-signed');
  });

  it.each([
    ['no password', (port: number) => `redis://127.0.0.1:${port}`],
    ['a wrong password', (port: number) => `redis://:letmein@127.0.0.1:${port}`],
    ['an unknown user', (port: number) => `redis://bob:letmein@127.0.0.1:${port}`],
  ])(
    'says so when the server refuses %s, and shows none, however the error is printed (DA-08)',
    async (_what, urlAt) => {
      const failure = await roundTrip(urlAt(locked.port)).catch((err: unknown) => err);
      expect(failure).toBeInstanceOf(BackendError);
      expect(failure).not.toBeInstanceOf(StoreUnavailableError);
      expect(String(failure)).toMatch(/password/);
      // As the console and loggers print it, with its cause and what the driver noted there.
      expect(inspect(failure, { depth: 10 }) + JSON.stringify(failure)).not.toContain('letmein');
    },
  );

  it('does not write to another database when the server has none of that number', async () => {
    const { client, broker: open, key } = setup();
    const broker = await open({}, `${redisForTests()}/99`);
    for (let i = 0; i < 3; i++) await expect(broker.push([message()])).rejects.toThrow('no database of that number');
    expect(await client.exists(key('tasks'))).toBe(0);
  });
});

describe('a server that is not the right one', () => {
  it.each([
    ['a node of a Cluster', { extraConfig: ['cluster-enabled yes'] }, 'Cluster, which is not supported yet'],
    ['a Sentinel', { sentinel: true }, 'is a Sentinel'],
  ])('is told by name: %s', async (_what, options, reason) => {
    const server = await startRedis(options);
    onTestFinished(() => server.stop());
    const failure = await roundTrip(server.url).catch((err: unknown) => err);
    expect(failure).toMatchObject({ code: 'BACKEND_ERROR', message: expect.stringContaining(reason) });
  });

  it.each([
    ['ends connections at once', (socket: Socket) => socket.end(), /ends connections .*TLS.*maxclients/],
    ['accepts connections and is silent', () => {}, /does not answer yet/],
  ])('is told by what may be the matter, when it %s', async (_what, serve, reason) => {
    const server = createServer(serve);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(roundTrip(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(reason),
    });
  });

  it('is told by the name of its primary where Sentinels lead to it', async () => {
    const client = new Redis({ sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'tasks', lazyConnect: true });
    client.on('error', () => {});
    onTestFinished(() => client.disconnect());
    await expect(roundTrip(client)).rejects.toThrow(/^Redis at tasks \(by Sentinel, database 0\) cannot be reached/);
  });
});

describe('a client that can do nothing but listen', () => {
  it('is refused at once, and holds up nobody meanwhile', async () => {
    const client = new Redis(redisForTests());
    onTestFinished(() => client.disconnect());
    await client.subscribe(`connecting-${randomUUID()}`);
    await expect(roundTrip(client)).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining('a client that listens to channels'),
    });
  });
});

describe('what cannot be right', () => {
  it.each([
    [{ keyPrefx: 'a' }, 'keyPrefx'],
    [{ keyPrefix: 'a{b}' }, 'keyPrefix'],
    [{ keyPrefix: '' }, 'keyPrefix'],
    [{ keyPrefix: 'x'.repeat(10_000) }, 'keyPrefix'],
    [{ keyPrefix: 'a\r\nb' }, 'keyPrefix'],
    [{ keyPrefix: 'a*' }, 'keyPrefix'],
    [{ keyPrefix: '{}' }, 'keyPrefix'],
    [{ redis: 'tls' }, 'redis'],
    [{ redis: { keyPrefix: 'mine:' } }, 'redis.keyPrefix'],
    [{ redis: { stringNumbers: true } }, 'redis.stringNumbers'],
    [{ redis: { enableAutoPipelining: true } }, 'redis.enableAutoPipelining'],
    [{ redis: { retryStrategy: () => null } }, 'redis.retryStrategy'],
    [{ redis: { maxRetriesPerRequest: null } }, 'redis.maxRetriesPerRequest'],
    [{ redis: { enableOfflineQueue: false } }, 'redis.enableOfflineQueue'],
    [{ deadline: '2 s' }, 'deadline'],
    [{ deadline: 0 }, 'deadline'],
  ])('%j is refused by both stores, by name (KY-01)', (options, option) => {
    for (const Store of [RedisBackend, RedisBroker]) {
      // What a JavaScript caller may pass.
      const create = () => new Store('redis://localhost', options as object);
      expect(create).toThrow(ConfigError);
      expect(create).toThrow(expect.objectContaining({ option }));
    }
  });

  it('refuses options of the other store, and values out of range', () => {
    expect(() => new RedisBackend('redis://localhost', { maxCrashes: 3 } as object)).toThrow(
      expect.objectContaining({ option: 'maxCrashes' }),
    );
    expect(() => new RedisBroker('redis://localhost', { ttl: 3 } as object)).toThrow(
      expect.objectContaining({ option: 'ttl' }),
    );
    expect(() => new RedisBackend('redis://localhost', { ttl: -1 })).toThrow(
      expect.objectContaining({ option: 'ttl' }),
    );
    for (const option of ['maxQueueSize', 'maxCrashes'] as const) {
      for (const value of [0, 1.5, Number.NaN]) {
        expect(() => new RedisBroker('redis://localhost', { [option]: value })).toThrow(
          expect.objectContaining({ option }),
        );
      }
    }
    expect(() => new RedisBroker('redis://localhost', { dedupeWindow: '1 hour' as '1h' })).toThrow(
      expect.objectContaining({ option: 'dedupeWindow' }),
    );
  });

  it('takes every policy that an app may have: ids that are not remembered, and queues of any size', async () => {
    const broker = new RedisBroker('redis://localhost', { dedupeWindow: 0, maxQueueSize: Number.MAX_SAFE_INTEGER });
    await broker.close();
  });

  it('refuses what is no client, and a Cluster', async () => {
    const { Cluster } = await import('ioredis');
    const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
    for (const target of [null, {}, 6379, cluster])
      expect(() => new RedisBackend(target as Redis)).toThrow(ConfigError);
    expect(() => new RedisBackend('redis//localhost')).toThrow(InvalidUrlError);
  });

  it('is found by core, by its scheme', async () => {
    expect(await getBackend('redis://localhost', { ttl: '1h' })).toMatchObject({ supports: { clear: true } });
    expect(await getBroker('unix:///tmp/none.sock', { maxQueueSize: 3 })).toMatchObject({ supports: { pause: true } });
    await expect(getBackend('redis://localhost', { tls: 1 })).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      cause: { option: 'tls' },
    });
    expect(Object.keys(storeProvider)).toEqual(['createBackend', 'createBroker']);
  });
});
