import { StoreUnavailableError } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServerBehindLink, SOON, success } from '../setup.js';

const claimFive = { ...claimOne, count: 5 };

/** Messages are at hand, results behind a link of their own. */
async function setup() {
  const { link, pair: open } = await ownServerBehindLink();
  const options = { backend: { deadline: 100, redis: { port: link.port } }, broker: { maxCrashes: 3 } };
  return { link, store: await open('two places', options) };
}

describe('results that are away while messages are at hand', () => {
  it('keep claimed tasks from running, and count against none, however long it takes', async () => {
    const { store, link } = await setup();
    await store.submit(['a', 'b', 'c'].map((id) => message({ id })));
    await link.set({ kind: 'refuse' });
    for (let i = 0; i < 5; i++) {
      await expect(store.claim(claimFive)).rejects.toThrow(StoreUnavailableError);
      expect(await store.size('default')).toMatchObject({ waiting: 3, running: 0 });
    }
    await link.set({ kind: 'pass' });
    const { claims } = await vi.waitFor(() => store.claim(claimFive), SOON);
    expect(claims.map(({ lease, verdict, crashes, attempt }) => [lease.id, verdict, crashes, attempt])).toEqual(
      ['a', 'b', 'c'].map((id) => [id, 'run', 0, 1]),
    );
  });

  it('leave a task that was to end with its holder, who ends it when they are back', async () => {
    const { store, link } = await setup();
    await store.submit([message({ id: 'a' })]);
    const task = first((await store.claim(claimOne)).claims);
    await link.set({ kind: 'refuse' });
    await expect(store.finish(task, success(1))).rejects.toThrow(StoreUnavailableError);
    expect(await store.extend([task.lease], 30_000)).toEqual(['held']);
    await link.set({ kind: 'pass' });
    expect(await vi.waitFor(() => store.finish(task, success(1)), SOON)).toBe(true);
    expect(await store.get('a')).toMatchObject({ status: 'success', fence: 1 });
  });
});
