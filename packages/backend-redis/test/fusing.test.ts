import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RedisBackend, RedisBroker } from '../src/index.js';
import { claimOne, first, message, ownServer, setup, success } from './setup.js';

describe('broker and backend', () => {
  it('work as one at the same place, however its address is written', async () => {
    const { broker: openBroker, backend: openBackend, prefix, client } = setup();
    const otherwise = redisForTests().replace('127.0.0.1', 'localhost');
    expect(await (await openBroker()).fuse(await openBackend({}, otherwise))).not.toBeNull();
    const ready = new RedisBackend(client, { keyPrefix: prefix });
    onTestFinished(() => ready.close());
    expect(await (await openBroker()).fuse(ready)).not.toBeNull();
    expect(await client.keys(`${prefix}:probe*`)).toEqual([]);
  });

  it('stay two in different namespaces, databases or by driver options', async () => {
    const { broker: open, backend: openBackend, prefix } = setup();
    const broker = await open();
    expect(await broker.fuse(await openBackend({ keyPrefix: `${prefix}-2` }))).toBeNull();
    expect(await broker.fuse(await openBackend({}, `${redisForTests()}/3`))).toBeNull();
    expect(await broker.fuse(await openBackend({ redis: { db: 3 } }))).toBeNull();
  });

  it('share one connection that works and one that listens, until both are closed', async () => {
    const { server, prefix, context, client } = await ownServer();
    const count = async () => ((await client.client('LIST')) as string).trim().split('\n').length;
    const before = await count();
    const broker = new RedisBroker(server.url, { keyPrefix: prefix });
    const backend = new RedisBackend(server.url, { keyPrefix: prefix });
    await backend.open(context);
    const store = (await broker.fuse(backend)) ?? expect.fail('They are at one place.');
    await store.submit([message({ id: 'a', origin: 'here' })]);
    const waiting = store.waitFor('a');
    await store.finish(first((await store.claim(claimOne)).claims), success(1));
    await waiting;
    expect(await count()).toBe(before + 2);
    await broker.close();
    expect(await backend.get('a')).toMatchObject({ status: 'success' });
    await backend.close();
    await expect(backend.get('a')).rejects.toMatchObject({ code: 'STOPPED' });
    await expect.poll(count).toBe(before);
  });

  it('make a broker of its own for a backend alone, at the same place', async () => {
    const { backend: open } = setup();
    const backend = await open();
    const broker = backend.createBroker({ maxCrashes: 5 });
    onTestFinished(() => broker?.close());
    expect(await broker?.fuse(backend)).not.toBeNull();
    expect(() => backend.createBroker({ maxCrash: 5 })).toThrow(expect.objectContaining({ option: 'maxCrash' }));
  });
});
