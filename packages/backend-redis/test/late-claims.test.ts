import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RedisBroker } from '../src/index.js';
import { claimOne, first, message, ownServerBehindLink, SOON } from './setup.js';

/** How long a claim may be carried out: for its deadline, and for as long as a reply is waited for. */
const DEADLINE = 100;
const VALID_FOR = DEADLINE + 5_000;

describe('a claim whose bytes stay on the way, so that its worker gives it up before the server sees it,', () => {
  it('hands nothing out when nobody can be waiting for its reply any more', async () => {
    const { link, ...own } = await ownServerBehindLink();
    const worker = await own.broker({ deadline: DEADLINE }, own.linkUrl);
    const other = await own.broker();
    await vi.waitFor(() => worker.claim(claimOne), SOON);
    await link.set({ kind: 'blackhole' });
    const sentAt = Date.now();
    await expect(worker.claim(claimOne)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await other.push([message({ id: 'a' })]);
    await vi.waitUntil(() => Date.now() > sentAt + VALID_FOR + 100, SOON);
    const calls = async () => /cmdstat_evalsha:calls=(\d+)/.exec(await own.client.info('commandstats'))?.[1];
    const before = await calls();
    await link.set({ kind: 'pass' });
    await vi.waitFor(async () => expect(await calls()).not.toBe(before), SOON);
    expect(await other.size('default')).toMatchObject({ waiting: 1, running: 0 });
  });

  it('is looked for once more when that time is over: what it took before goes back', async () => {
    const { link, ...own } = await ownServerBehindLink();
    const client = new Redis(link.port, { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false });
    client.on('error', () => {});
    const worker = new RedisBroker(client, { keyPrefix: own.prefix, deadline: DEADLINE });
    onTestFinished(async () => {
      await worker.close();
      client.disconnect();
    });
    await worker.open(own.context);
    const other = await own.broker();
    await vi.waitFor(() => worker.claim(claimOne), SOON);
    await other.push([message({ id: 'a' })]);
    const sentAt = Date.now();
    await link.set({ kind: 'delay', ms: 1_000 });
    const lost = worker.claim(claimOne);
    lost.catch(() => {});
    // The link has got the bytes and then hears that the connection has ended, both to be told later.
    await sleep(50);
    client.stream.destroy();
    await sleep(50);
    await link.set({ kind: 'pass' });
    await expect(lost).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await vi.waitFor(() => worker.claim({ ...claimOne, queue: 'empty' }), SOON);
    expect(await other.size('default')).toMatchObject({ waiting: 1, running: 0 });
    await vi.waitFor(async () => expect(await other.size('default')).toMatchObject({ running: 1 }), SOON);
    await vi.waitFor(() => worker.claim({ ...claimOne, queue: 'empty' }), SOON);
    expect(await other.size('default')).toMatchObject({ running: 1 });
    await vi.waitUntil(() => Date.now() > sentAt + VALID_FOR + 100, SOON);
    const claimed = await vi.waitFor(async () => first((await worker.claim(claimOne)).claims), SOON);
    expect(claimed).toMatchObject({ crashes: 0, lease: { id: 'a', fence: 2 } });
  });
});
