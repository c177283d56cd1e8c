import type { ClaimedTask, ClaimRequest, TaskStore } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import type { RedisBrokerOptions } from '../src/index.js';
import { claimOne, first, message, ownServerBehindLink, PLACES, SOON, success } from './setup.js';

const claimMany = { ...claimOne, count: 100 };

/** What can be claimed, once the link lets the worker find it. */
function claimEventually(store: TaskStore): Promise<readonly ClaimedTask[]> {
  return vi.waitFor(async () => {
    const { claims } = await store.claim(claimMany);
    expect(claims).not.toEqual([]);
    return claims;
  }, SOON);
}

/** A worker's store behind a link, another process that is not, and the server itself. */
async function worldBehindLink(
  options: RedisBrokerOptions = {},
  { places = 'one place' }: { places?: (typeof PLACES)[number] } = {},
) {
  const { link, linkUrl, ...own } = await ownServerBehindLink();
  const store = await own.pair(places, { broker: options }, linkUrl);
  const other = await own.broker(options);
  // The scripts are known to the server and the connection is there before anything is lost.
  await vi.waitFor(() => store.claim({ ...claimOne, queue: 'empty' }), SOON);

  const leases = (): Promise<number> => own.client.hlen(own.key('active'));
  /** Claims, and cuts the link after the server has carried it out and before its reply arrived. */
  async function loseClaim(
    request: ClaimRequest,
    { before: justBefore = () => {}, meanwhile = async () => {} } = {},
  ): Promise<void> {
    const before = await leases();
    await link.set({ kind: 'oneway' });
    justBefore();
    const claimed = store.claim(request);
    claimed.catch(() => {});
    await vi.waitFor(async () => expect(await leases()).toBeGreaterThan(before), SOON);
    await meanwhile();
    link.reset();
    await link.set({ kind: 'pass' });
    await expect(claimed).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  }

  return { ...own, link, store, other, leases, loseClaim };
}

describe.each(PLACES)('a claim whose reply is lost, from broker and backend at %s', (places) => {
  it('gives back what it took: the next one gets it at once, in the same order, and it counts as no crash', async () => {
    const { store, loseClaim } = await worldBehindLink({}, { places });
    const priorities = { a: 0, b: 0, urgent: -5, c: 0, later: 5, 'later still': 5 };
    for (const [id, priority] of Object.entries(priorities)) await store.submit([message({ id, priority })]);
    await loseClaim(claimMany);
    const { claims } = await store.claim(claimMany);
    expect(claims.map(({ lease }) => lease.id)).toEqual(['urgent', 'a', 'b', 'c', 'later', 'later still']);
    for (const task of claims) expect(task).toMatchObject({ verdict: 'run', attempt: 1, crashes: 0 });
  });

  it('may be lost again and again: the task still runs, and ends once', async () => {
    const { store, loseClaim, other, client, key } = await worldBehindLink({}, { places });
    await store.submit([message({ id: 'a' })]);
    for (let i = 0; i < 5; i++) await loseClaim(claimOne);
    const task = first((await store.claim(claimOne)).claims);
    expect(task).toMatchObject({ verdict: 'run', attempt: 1, crashes: 0 });
    expect(await store.finish(task, success('ran'))).toBe(true);
    expect(await store.get('a')).toMatchObject({ status: 'success', result: 'ran' });
    expect(await other.size('default')).toEqual({ waiting: 0, delayed: 0, running: 0, dead: 0 });
    expect(await client.get(key('held'))).toBe('0');
  });
});

describe('a claim whose reply is lost', () => {
  it('loses no end that was told in the same call: it is told again, and counts once', async () => {
    const { store, loseClaim, client, key } = await worldBehindLink();
    await store.submit(['known', 'a', 'b', 'c', 'd', 'e'].map((id) => message({ id })));
    const known = first((await store.claim(claimOne)).claims);
    // From now on the server knows this script, too.
    const [, { claims: held }] = await Promise.all([
      store.finish(known, success(0)),
      store.claim({ ...claimOne, count: 2 }),
    ]);
    const [a, b] = held as [ClaimedTask, ClaimedTask];
    let ends: Promise<boolean>[] = [];
    await loseClaim(claimMany, {
      before: () => {
        ends = [store.finish(a, success(1)), store.finish(b, success(2))];
      },
      // The server has carried both out: 2 leases have ended, and 3 begun.
      meanwhile: async () => expect((await client.hkeys(key('active'))).sort()).toEqual(['c', 'd', 'e']),
    });
    expect(await Promise.all(ends)).toEqual([true, true]);
    expect(await store.get('a')).toMatchObject({ status: 'success', result: 1 });
    const { claims } = await store.claim(claimMany);
    expect(claims.map(({ lease, crashes }) => [lease.id, crashes])).toEqual(['c', 'd', 'e'].map((id) => [id, 0]));
    expect(await client.get(key('held'))).toBe('3');
  });

  it('is noticed when the reply breaks off in the middle, too', async () => {
    const { store, link, leases } = await worldBehindLink({ deadline: 300 });
    await store.submit(['a', 'b', 'c'].map((id) => message({ id })));
    await link.set({ kind: 'cutAfter', bytes: 100 });
    await expect(store.claim(claimMany)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await leases()).toBe(3);
    await link.set({ kind: 'pass' });
    const claims = await claimEventually(store);
    expect(claims.map(({ lease, crashes }) => [lease.id, crashes])).toEqual(['a', 'b', 'c'].map((id) => [id, 0]));
  });

  it('has given its tasks back when it rejects: a worker that stops then leaves nothing behind', async () => {
    const { store, loseClaim, other } = await worldBehindLink();
    await store.submit([message()]);
    await loseClaim(claimOne);
    expect(await other.size('default')).toMatchObject({ waiting: 1, running: 0 });
  });

  it('leaves alone what the same worker got by other claims, of this broker and of others', async () => {
    const { store, loseClaim, other } = await worldBehindLink();
    await store.submit(['a', 'b', 'c'].map((id) => message({ id })));
    const own = first((await store.claim(claimOne)).claims);
    const [others] = (await other.claim(claimOne)).claims;
    await loseClaim(claimMany);
    expect(await store.extend([own.lease], 30_000)).toEqual(['held']);
    expect(await other.extend(others ? [others.lease] : [], 30_000)).toEqual(['held']);
    expect(await other.size('default')).toMatchObject({ waiting: 1, running: 2 });
  });

  it('hands out as cancelled what was cancelled meanwhile', async () => {
    const { store, loseClaim, other } = await worldBehindLink();
    await store.submit([message({ id: 'a' })]);
    await loseClaim(claimOne, {
      meanwhile: async () => expect(await other.cancel('default', 'a')).toBe(true),
    });
    expect(first((await store.claim(claimOne)).claims)).toMatchObject({ verdict: 'cancelled', crashes: 0 });
  });

  it('hands nothing out of a queue that was paused meanwhile', async () => {
    const { store, loseClaim, other } = await worldBehindLink();
    await store.submit([message({ id: 'a' })]);
    await loseClaim(claimOne, { meanwhile: () => other.pause('default') });
    expect((await store.claim(claimOne)).claims).toEqual([]);
    await other.resume('default');
    expect(first((await store.claim(claimOne)).claims).lease.id).toBe('a');
  });

  it('keeps a task on its last chance for a process that is empty', async () => {
    const { store, loseClaim, client, key } = await worldBehindLink({ maxCrashes: 2 });
    await store.submit([message({ id: 'a' })]);
    await store.claim({ ...claimOne, leaseMs: 1 });
    await vi.waitFor(async () => {
      await client.del(key('swept'));
      expect(await store.claim(claimOne)).toMatchObject({ claims: [], lastChanceWaiting: true });
    }, SOON);
    await loseClaim({ ...claimOne, alone: true });
    expect(await store.claim(claimMany)).toMatchObject({ claims: [], lastChanceWaiting: true });
    const task = first((await store.claim({ ...claimOne, alone: true })).claims);
    expect(task).toMatchObject({ verdict: 'run', crashes: 1, lease: { id: 'a' } });
  });

  it('has not started its tasks: they can still expire, and how long they are deferred goes on', async () => {
    const { store, loseClaim } = await worldBehindLink();
    await store.submit([message({ id: 'deferred' })]);
    await store.release(first((await store.claim(claimOne)).claims), { runAt: null, reason: 'deferred' });
    await store.submit([message({ id: 'short', expiresAt: { after: 1 } })]);
    await loseClaim(claimMany);
    const { claims } = await store.claim(claimMany);
    expect(claims.map(({ lease, verdict }) => [lease.id, verdict])).toEqual([
      ['deferred', 'run'],
      ['short', 'expired'],
    ]);
    expect(claims[0]?.deferredSince).toEqual(expect.any(Number));
  });

  it('counts as no crash even if its leases have ended, as long as nobody else has brought them back', async () => {
    const { store, loseClaim } = await worldBehindLink();
    await store.submit([message({ id: 'a' })]);
    await loseClaim({ ...claimOne, leaseMs: 1 });
    expect(first((await store.claim(claimOne)).claims)).toMatchObject({ crashes: 0, lease: { fence: 2 } });
  });

  it('costs nothing of what the same call had got before', async () => {
    const { store, link, leases } = await worldBehindLink();
    // What one script hands out is bounded by bytes: the second half takes another.
    const payload = JSON.stringify([1, 'add', ['x'.repeat(150_000)]]);
    await store.submit(['a', 'b', 'c', 'd'].map((id) => message({ id, payload })));
    await link.set({ kind: 'cutAfter', bytes: 450_000 });
    expect((await store.claim(claimMany)).claims.map(({ lease }) => lease.id)).toEqual(['a', 'b']);
    expect(await leases()).toBe(4);
    await link.set({ kind: 'pass' });
    const rest = await claimEventually(store);
    expect(rest.map(({ lease, crashes }) => [lease.id, crashes])).toEqual([
      ['c', 0],
      ['d', 0],
    ]);
  });

  it('does not wait for its lane: what it took goes back at the next heartbeat as well', async () => {
    const { store, link, other, leases } = await worldBehindLink({ deadline: 100 });
    await store.submit(['running', 'lost'].map((id) => message({ id })));
    const running = first((await store.claim(claimOne)).claims);
    await link.set({ kind: 'oneway' });
    const claimed = store.claim(claimOne);
    claimed.catch(() => {});
    await vi.waitFor(async () => expect(await leases()).toBe(2), SOON);
    await link.set({ kind: 'refuse' });
    await expect(claimed).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await leases()).toBe(2);
    await link.set({ kind: 'pass' });
    await vi.waitFor(async () => {
      expect(await store.extend([running.lease], 30_000)).toEqual(['held']);
      expect(await other.size('default')).toMatchObject({ waiting: 1, running: 1 });
    }, SOON);
  });
});
