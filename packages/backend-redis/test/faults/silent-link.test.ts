import { StoreUnavailableError, sleep, systemClock } from '@flowrra/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RedisBroker } from '../../src/index.js';
import { claimOne, first, message, ownServer, ownServerBehindLink, PLACES, SOON } from '../setup.js';

describe.each(PLACES)('a link that is silent, to broker and backend at %s', (places) => {
  it('is noticed while nothing is asked, and work that comes after is done (BK-12)', async () => {
    const { pair: open, link, linkUrl } = await ownServerBehindLink();
    const store = await open(places, {}, linkUrl);
    await store.claim(claimOne);
    const broker = store.broker as RedisBroker;
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(true), SOON);
    await link.set({ kind: 'blackhole' });
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(false), SOON);
    await link.set({ kind: 'pass' });
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(true), SOON);
    await store.submit([message({ id: 'a' })]);
    expect(first((await store.claim(claimOne)).claims).lease.id).toBe('a');
  }, 40_000);
});

describe('a connection that falls silent before the server has greeted it', () => {
  it('is given up for a new one', async () => {
    const { broker: open, link, linkUrl } = await ownServerBehindLink();
    const broker = await open({ deadline: 300 }, linkUrl);
    await link.set({ kind: 'blackhole' });
    await expect(broker.size('default')).rejects.toThrow(StoreUnavailableError);
    expect(link.connections).toBe(1);
    // Only the new one can be greeted: the first is not there any more, though the link has not been told.
    await vi.waitFor(() => expect(link.connections).toBe(2), SOON);
    await link.set({ kind: 'pass' });
    await vi.waitFor(() => broker.size('default'), SOON);
  }, 40_000);
});

describe('a connection that leaves calls of different patience without a reply', () => {
  it('lets each go by its own: a push by the deadline, though a claim before it may take longer', async () => {
    const { broker: open, link, linkUrl } = await ownServerBehindLink();
    const broker = await open({ deadline: 300 }, linkUrl);
    await broker.push([message()]);
    await broker.claim(claimOne);
    await link.set({ kind: 'blackhole' });
    const claimed = broker.claim(claimOne).catch(() => 'claim');
    const pushed = broker.push([message()]).catch(() => 'push');
    const longAfter = sleep(systemClock, 3_000).then(() => 'long after the deadline');
    expect(await Promise.race([claimed, pushed, longAfter])).toBe('push');
    expect(await Promise.race([claimed, longAfter])).toBe('long after the deadline');
    expect(await claimed).toBe('claim');
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
