import { IndeterminateSubmitError } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServerBehindLink, PLACES, SOON, success } from '../setup.js';

describe.each(PLACES)('a submit whose reply is lost, to broker and backend at %s', (places) => {
  async function setup(deadline: '10s' | '300ms') {
    const { pair: open, link, linkUrl, client, key } = await ownServerBehindLink();
    const store = await open(places, { broker: { deadline } }, linkUrl);
    const other = await open(places);
    // The server knows the script from here on: an unknown one would have to be sent a second time.
    await store.submit([message({ queue: 'other' })]);
    return {
      store,
      other,
      link,
      client,
      key,
      carriedOut: () => vi.waitFor(async () => expect(await client.hexists(key('tasks'), 'a')).toBe(1), SOON),
    };
  }

  it('is asked for again once the link is back, and the task is there once (BK-06)', async () => {
    const { store, link, carriedOut } = await setup('10s');
    await link.set({ kind: 'oneway' });
    const submitted = store.submit([message({ id: 'a' })]);
    await carriedOut();
    link.reset();
    await link.set({ kind: 'pass' });
    expect(await submitted).toMatchObject([{ known: expect.any(Boolean), submittedAt: expect.any(Number) }]);
    expect((await store.size('default')).waiting).toBe(1);
  });

  it('runs once, even if its task has ended before it is asked for again (BK-06)', async () => {
    const { store, other, link, carriedOut } = await setup('10s');
    await link.set({ kind: 'oneway' });
    const submitted = store.submit([message({ id: 'a', remembered: false })]);
    await carriedOut();
    const task = first((await other.claim(claimOne)).claims);
    expect(await other.finish(task, success(1))).toBe(true);
    link.reset();
    await link.set({ kind: 'pass' });
    await submitted;
    expect((await other.size('default')).waiting).toBe(0);
    expect(await other.get('a')).toMatchObject({ status: 'success', result: 1 });
  });

  it('is indeterminate, with the id, when the deadline passes first; repeating it says success and enqueues once (BK-06)', async () => {
    const { store, link, carriedOut } = await setup('300ms');
    await link.set({ kind: 'oneway' });
    const failure = store.submit([message({ id: 'a' })]).catch((err: unknown) => err);
    await carriedOut();
    expect(await failure).toBeInstanceOf(IndeterminateSubmitError);
    expect(await failure).toMatchObject({ taskIds: ['a'] });
    link.reset();
    await link.set({ kind: 'pass' });
    const [reply] = await vi.waitFor(() => store.submit([message({ id: 'a' })]), SOON);
    expect(reply).toMatchObject({ known: true });
    expect((await store.size('default')).waiting).toBe(1);
  });

  it('is indeterminate as well when nobody is let in any more, as after a change of the password', async () => {
    const { store, link, client, carriedOut } = await setup('10s');
    await link.set({ kind: 'oneway' });
    const failure = store.submit([message({ id: 'a' })]).catch((err: unknown) => err);
    await carriedOut();
    await client.acl('SETUSER', 'default', 'resetpass', '>changed');
    link.reset();
    await link.set({ kind: 'pass' });
    expect(await failure).toMatchObject({ code: 'INDETERMINATE_SUBMIT', taskIds: ['a'] });
    await expect(store.submit([message({ id: 'a' })])).rejects.toThrow('password');
  });

  it('is indeterminate as well when its store is closed before the reply comes', async () => {
    const { store, link, carriedOut } = await setup('10s');
    await link.set({ kind: 'oneway' });
    const failure = store.submit([message({ id: 'a' })]).catch((err: unknown) => err);
    await carriedOut();
    await Promise.all([store.broker.close(), store.backend.close()]);
    expect(await failure).toMatchObject({ code: 'INDETERMINATE_SUBMIT', taskIds: ['a'] });
  });

  it('in the middle of it is asked for again too, many at once, and each task is there once (BK-06)', async () => {
    const { store, link, client, key } = await setup('10s');
    const ids = Array.from({ length: 250 }, (_, i) => `t${i}`);
    const connections = link.connections;
    await link.set({ kind: 'cutAfter', bytes: 30 });
    const submitted = store.submit(ids.map((id) => message({ id })));
    await vi.waitFor(async () => expect(await client.hlen(key('tasks'))).toBeGreaterThan(1), SOON);
    await vi.waitFor(() => expect(link.connections).toBeLessThan(connections), { ...SOON, interval: 1 });
    await link.set({ kind: 'pass' });
    expect(await submitted).toHaveLength(250);
    expect((await store.size('default')).waiting).toBe(250);
  });
});
