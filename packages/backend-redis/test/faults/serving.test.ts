import { Flowrra, type TaskHandle } from '@flowrra/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RedisBroker } from '../../src/index.js';
import { ownServerBehindLink, PLACES, SOON } from '../setup.js';

describe.each(PLACES)('an app that serves tasks, with broker and backend at %s', (places) => {
  /** A worker behind a link, with one task that runs until it is let go, and a producer at the server itself. */
  async function setup({ extraConfig = [] as string[] } = {}) {
    const own = await ownServerBehindLink({ appendonly: true, extraConfig });
    const [near, far] = [await own.pair(places), await own.pair(places, {}, own.linkUrl)];
    const appOn = ({ broker, backend }: typeof near) => {
      const app = new Flowrra({ broker, backend, logger: own.logger, executor: { pollInterval: '200ms' } });
      onTestFinished(() => app.stop({ grace: 0 }));
      return app;
    };
    const [producer, worker] = [appOn(near), appOn(far)];
    let letGo = (): void => {};
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const long = worker.task('long', () => gate);
    const add = worker.task('add', (a: number) => a + 1);
    await worker.start();
    const held = await producer.submit(long, []);
    await vi.waitFor(async () => expect(await held.status()).toBe('running'), SOON);
    return {
      ...own,
      held,
      letGo,
      broker: far.broker as RedisBroker,
      submit: () => Promise.all([1, 2, 3].map((n) => producer.submit(add, [n]))),
      said: (message: string) =>
        vi.waitFor(() => expect(own.lines.map((line) => line.message)).toContain(message), SOON),
      async allEnd(handles: readonly TaskHandle[]): Promise<void> {
        expect(await held.outcome({ timeout: '30s' })).toMatchObject({ status: 'success', fence: 1 });
        for (const handle of handles)
          expect(await handle.outcome({ timeout: '30s' })).toMatchObject({ status: 'success' });
        const nothing = { waiting: 0, delayed: 0, running: 0, dead: 0 };
        await vi.waitFor(async () => expect(await producer.queueSize('default')).toEqual(nothing), SOON);
      },
    };
  }

  it('goes on by itself after its server was a replica, which refuses writes (BK-08)', async () => {
    const { client, held, letGo, submit, said, allEnd } = await setup();
    await client.replicaof('127.0.0.1', 1);
    await said('claiming failed; going on trying');
    letGo();
    await said('settling a task failed; going on trying');
    await expect(submit()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await held.status()).toBe('running');
    await client.replicaof('NO', 'ONE');
    await allEnd(await submit());
    await said('the store answers again');
  }, 60_000);

  it('goes on by itself after its server was started again and took a while to load (BK-09)', async () => {
    // Microseconds per key, which are five here at least, and a thousand beside them.
    const { server, client, key, broker, letGo, submit, allEnd } = await setup({
      extraConfig: ['key-load-delay 1000', 'loading-process-events-interval-bytes 1024'],
    });
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => client.set(`${key('ballast')}${i}`, 'x'.repeat(100))));
    const restarted = server.restart();
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(false), SOON);
    letGo();
    const refusal = await submit().then(
      () => null,
      (err: { code: string }) => err.code,
    );
    expect([null, 'STORE_UNAVAILABLE', 'INDETERMINATE_SUBMIT']).toContain(refusal);
    await restarted;
    await allEnd(await vi.waitFor(submit, SOON));
  }, 60_000);

  it('refuses submits while its server has no memory left, and drains when there is room again (BK-10)', async () => {
    const { client, letGo, submit, allEnd } = await setup();
    await client.config('SET', 'maxmemory', '1');
    await expect(submit()).rejects.toMatchObject({ code: 'STORE_FULL' });
    letGo();
    await client.config('SET', 'maxmemory', '0');
    await allEnd(await submit());
  }, 60_000);

  it('goes on by itself after its link was silent for longer than it is given, and knows meanwhile (BK-12)', async () => {
    // A claim that the silent link held may be carried out late, for nobody: what it took does not wait for its lease.
    const { link, letGo, broker, submit, allEnd } = await setup();
    letGo();
    await allEnd([]);
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(true), SOON);
    const connections = link.connections;
    await link.set({ kind: 'blackhole' });
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(false), SOON);
    // Those that were there are given up for others, which the link does not let through either.
    await vi.waitFor(() => expect(link.connections).toBeGreaterThan(connections), SOON);
    expect(broker.isHealthy()).toBe(false);
    const handles = await submit();
    await link.set({ kind: 'pass' });
    const healedAt = performance.now();
    await allEnd([...handles, ...(await submit())]);
    expect(performance.now() - healedAt).toBeLessThan(3 * 10_000);
    await vi.waitFor(() => expect(broker.isHealthy()).toBe(true), SOON);
  }, 60_000);
});
