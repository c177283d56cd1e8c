import { StoreUnavailableError } from '@flowrra/core';
import { openLink, startRedis } from '@flowrra/testing-servers';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { claimOne, first, message, SOON, setup, success } from './setup.js';

/** A server, and a client that gives orders as an operator does. */
async function operated() {
  // A primary would wait for more replicas to come.
  const server = await startRedis({ extraConfig: ['repl-diskless-sync-delay 0'] });
  const client = new Redis(server.url);
  // Some tests end their server.
  client.on('error', () => {});
  onTestFinished(async () => {
    client.disconnect();
    await server.stop();
  });
  return { server, client };
}

/** A primary behind a link, as behind a name, and its replica. */
async function replicated() {
  const [primary, replica] = [await operated(), await operated()];
  await replica.client.replicaof('127.0.0.1', primary.server.port);
  const isInSync = async (): Promise<void> => {
    await primary.client.set('mark', 1);
    expect(await primary.client.wait(1, 1_000)).toBe(1);
  };
  await vi.waitFor(isInSync, SOON);
  const link = await openLink(primary.server);
  onTestFinished(() => link.close());
  return { primary, replica, link, isInSync, ...setup(`redis://127.0.0.1:${link.port}`) };
}

describe('a primary that is demoted', () => {
  it('is left for the new one, though it keeps connections open: nobody has to be restarted (BK-08)', async () => {
    const { primary, replica, link, isInSync, store: open } = await replicated();
    const store = await open();
    await store.submit([message({ id: 'a' }), message({ id: 'b' })]);
    const held = first((await store.claim(claimOne)).claims);
    await isInSync();
    await replica.client.replicaof('NO', 'ONE');
    link.retarget(replica.server);
    await primary.client.replicaof('127.0.0.1', replica.server.port);
    await expect(store.submit([message({ id: 'c' })])).rejects.toThrow(StoreUnavailableError);
    expect(await vi.waitFor(() => store.finish(held, success(1)), SOON)).toBe(true);
    expect(first((await store.claim(claimOne)).claims).lease.id).toBe('b');
    expect(await store.get('a')).toMatchObject({ status: 'success', result: 1 });
  });
});

describe('a primary without enough replicas', () => {
  it('refuses each step typed as unavailable, and has changed nothing when it takes them again', async () => {
    const { primary, replica, isInSync, store: open } = await replicated();
    const store = await open();
    await store.submit([message({ id: 'a' }), message({ id: 'b' })]);
    const held = first((await store.claim(claimOne)).claims);
    await isInSync();
    await primary.client.config('SET', 'min-replicas-to-write', '1');
    await replica.client.replicaof('NO', 'ONE');
    const steps = [
      () => store.submit([message({ id: 'c' })]),
      () => store.claim(claimOne),
      () => store.extend([held.lease], 30_000),
      () => store.finish(held, success(1)),
      () => store.release(held, { runAt: null, reason: 'stopped' }),
      () => store.cancel('default', 'b'),
    ];
    const refused = {
      status: 'rejected',
      reason: { code: 'STORE_UNAVAILABLE', message: expect.stringMatching(/too few replicas/) },
    };
    // Redis counts its replicas once a second.
    await vi.waitFor(() => expect(primary.client.set('mark', 2)).rejects.toThrow(/NOREPLICAS/), SOON);
    expect(await Promise.allSettled(steps.map((step) => step()))).toMatchObject(steps.map(() => refused));
    expect((await store.get('a'))?.status).toBe('running');
    await primary.client.config('SET', 'min-replicas-to-write', '0');
    expect(await store.finish(held, success(1))).toBe(true);
    expect(
      (await store.claim({ ...claimOne, count: 9 })).claims.map(({ lease, verdict }) => [lease.id, verdict]),
    ).toEqual([['b', 'run']]);
  });
});
