import { StoreUnavailableError } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { claimOne, first, message, ownServer, ownServerBehindLink, PLACES, SOON, success } from '../setup.js';

describe.each(PLACES)('a server that is down, for broker and backend at %s', (places) => {
  it("refuses a submit within the deadline, and the task is not enqueued later behind the caller's back (BK-05)", async () => {
    const { server, pair: open, client, key } = await ownServer();
    const store = await open(places, { broker: { deadline: 300 }, backend: { deadline: 300 } });
    await server.kill();
    const failure = await store.submit([message()]).catch((err: unknown) => err);
    expect(failure).toBeInstanceOf(StoreUnavailableError);
    expect(String(failure)).toContain('cannot be reached');
    await server.restart();
    await vi.waitFor(() => store.submit([message({ id: 'later' })]), SOON);
    expect(await client.hkeys(key('tasks'))).toEqual(['later']);
  });

  it('is found again by itself', async () => {
    const { server, pair: open } = await ownServer({ appendonly: true, appendfsync: 'always' });
    const store = await open(places);
    await store.submit([message({ id: 'a' })]);
    await server.kill();
    await expect(store.get('a')).rejects.toThrow(StoreUnavailableError);
    await server.restart();
    const reply = await vi.waitFor(() => store.claim(claimOne), SOON);
    expect(await store.finish(first(reply.claims), success(1))).toBe(true);
  });

  it('is waited for, or refused as not there yet, while it loads its data (BK-09)', async () => {
    // A hidden setting of Redis for its own tests: microseconds per key.
    const options = {
      appendonly: true,
      extraConfig: ['key-load-delay 4000', 'loading-process-events-interval-bytes 1024'],
    };
    const { server, pair: open } = await ownServer(options);
    const [patient, hasty] = await Promise.all(
      (['20s', 50] as const).map((deadline) => open(places, { broker: { deadline }, backend: { deadline } })),
    );
    if (!patient || !hasty) return expect.fail();
    // One by one: together they would be a single command to load.
    for (let i = 0; i < 150; i++) await patient.submit([message({ id: `t${i}` })]);
    await hasty.size('default');
    const restarted = server.restart();
    const refusal = await vi.waitFor(async () => {
      const failure = await hasty.size('default').catch((err: unknown) => err);
      expect(String(failure)).toContain('loading');
      return failure;
    }, SOON);
    expect(refusal).toBeInstanceOf(StoreUnavailableError);
    const awaited = patient.waitFor('t0', { timeout: null });
    expect(await patient.submit([message()])).toMatchObject([{ known: false }]);
    await restarted;
    expect((await hasty.size('default')).waiting).toBe(151);
    await patient.finish(first((await patient.claim(claimOne)).claims), success('loaded'));
    expect(await awaited).toMatchObject({ status: 'success', result: 'loaded' });
  });
});

describe.each(PLACES)('closing broker and backend at %s', (places) => {
  it.each(['refuses', 'is silent'])(
    'keeps nobody waiting while the server %s, however often it is asked for (SH-06)',
    async (how) => {
      const { pair: open, link, linkUrl } = await ownServerBehindLink();
      const store = await open(places, {}, linkUrl);
      await store.submit([message({ id: 'a' })]);
      const waiting = store.waitFor('a', { timeout: null }).catch((err: unknown) => err);
      await link.set(how === 'refuses' ? { kind: 'refuse' } : { kind: 'blackhole' });
      const asked = store.claim(claimOne).catch((err: unknown) => err);
      const closes = () => Promise.all([store.broker.close(), store.backend.close()]);
      await Promise.all([closes(), closes()]);
      await closes();
      expect(await waiting).toMatchObject({ code: 'STOPPED' });
      expect(await asked).toMatchObject({ code: expect.stringMatching(/STOPPED|STORE_UNAVAILABLE/) });
      await expect(store.submit([message()])).rejects.toMatchObject({ code: 'STOPPED' });
      await vi.waitFor(() => expect(link.connections).toBe(0), SOON);
    },
  );
});
