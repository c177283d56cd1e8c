import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { RedisBackend, RedisBroker } from '../src/index.js';
import { claimOne, first, message, ownServer, success } from './setup.js';

describe('a user who cannot tell workers of work', () => {
  it.each(['resetchannels +@all', '&* +@all -publish', '&* +@all -pubsub'])(
    'is refused before anything is written, whether a worker is idle or not: %s',
    async (rules) => {
      const {
        server,
        store: open,
        broker: openBroker,
        client,
        key,
      } = await ownServer({
        aclUsers: [`producer on >p ~* ${rules}`],
      });
      const store = await open();
      const producer = await openBroker({}, `redis://producer:p@127.0.0.1:${server.port}`);
      const refusal = { code: 'BACKEND_ERROR', message: expect.stringMatching(/permission.*PUBLISH/) };
      await expect(producer.push([message()])).rejects.toMatchObject(refusal);
      const idle = await vi.waitFor(
        async () =>
          (await store.claim({ ...claimOne, mayStayOpen: true })).open ?? expect.fail('It does not stay open.'),
      );
      await expect(producer.push([message()])).rejects.toMatchObject(refusal);
      expect(await client.exists(key('tasks'), key('active'))).toBe(0);
      idle.close();
    },
  );
});

describe('a worker who cannot tell those who wait', () => {
  it.each(['-publish', '-pubsub'])('ends its tasks once all the same: %s', async (rule) => {
    const { server, pair: open } = await ownServer({ aclUsers: [`worker on >w ~* &* +@all ${rule}`] });
    const store = await open('one place');
    const worker = await open('one place', {}, `redis://worker:w@127.0.0.1:${server.port}`);
    await store.submit([message({ id: 'a', origin: 'here' })]);
    const waiting = store.waitFor('a', { timeout: null });
    expect(await worker.finish(first((await worker.claim(claimOne)).claims), success(1))).toBe(true);
    expect(await waiting).toMatchObject({ status: 'success', fence: 1 });
  });
});

describe('the user that the README describes', () => {
  it('may do all that Flowrra does, and sees nothing else', async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const line = /^user (flowrra on [^`]+)/m.exec(readme)?.[1]?.replaceAll(/\s+/g, ' ').trim() ?? '';
    const { server, client, lines, context } = await ownServer({ aclUsers: [line] });
    const url = `redis://flowrra:password@127.0.0.1:${server.port}`;
    const [broker, backend] = [new RedisBroker(url), new RedisBackend(url)];
    await Promise.all([broker.open(context), backend.open(context)]);
    const store = (await broker.fuse(backend)) ?? expect.fail('They are at one place.');

    await store.submit([message({ id: 'a', origin: 'here' }), message({ id: 'b', priority: 1 }), message({ id: 'c' })]);
    const waiting = store.waitFor('a');
    const task = first((await store.claim(claimOne)).claims);
    await store.extend([task.lease], 1_000);
    await store.finish(task, success(1));
    expect(await waiting).toMatchObject({ status: 'success' });
    expect(await store.listByStatus('pending')).toHaveLength(2);
    await store.cancel('default', 'b');
    const open = await vi.waitFor(async () => {
      const reply = await store.claim({ ...claimOne, queue: 'open', mayStayOpen: true });
      return reply.open ?? expect.fail('The claim does not stay open.');
    });
    let brought = 0;
    const over = open.hear(
      (tasks) => {
        brought += tasks.length;
      },
      () => 1,
    );
    await store.submit([message({ queue: 'open' })]);
    await vi.waitFor(() => expect(brought).toBe(1));
    open.close();
    await over;
    await broker.pause('default');
    await broker.resume('default');
    await (await broker.subscribe('topic', () => {}))();
    await broker.publish('topic', 'text');
    expect(await broker.deadLetters('default')).toEqual([]);
    expect(await broker.purge('default')).toHaveLength(2);
    expect(await backend.clear()).toBe(2);
    await Promise.all([broker.close(), backend.close()]);

    expect(lines).toEqual([]);
    await client.set('foreign', 'secret');
    const login = client.duplicate({ username: 'flowrra', password: 'password' });
    await expect(login.get('foreign')).rejects.toThrow('NOPERM');
    login.disconnect();
  });
});
