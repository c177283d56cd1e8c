import { randomBytes } from 'node:crypto';
import type { NewMessage } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { openWorld, STORES } from '../../support/world.js';

/** A message as somebody else may have put it into the queue. */
function message(id: string, payload: string): NewMessage {
  const plain = { queue: 'default', lane: 'io', priority: 0, runAt: null, expiresAt: null } as const;
  return { ...plain, id, payload, remembered: false, origin: null };
}

describe.each(STORES)('a worker on %s', (stores) => {
  it('puts each message that cannot be read to the dead letters, once and byte by byte, and runs the next (BK-15)', async () => {
    const world = openWorld(stores);
    const app = world.app({ executor: { ioWorkers: 1 } });
    const add = app.task('add', (a: number, b: number) => a + b);
    const junk = new Map([
      ['null', 'null'],
      ['object', '{}'],
      ['truncated', '[1,"add",[1'],
      ['noise', randomBytes(524_288).toString('latin1')],
    ]);
    const failures: string[] = [];
    app.on('finished', ({ taskId, result }) => void (result.status === 'failed' && failures.push(taskId)));
    const before = await add.submit([1, 2]);
    await world.broker.push([...junk].map(([id, payload]) => message(id, payload)));
    const after = await add.submit([3, 4]);
    await app.start();
    expect(await Promise.all([before.result(), after.result()])).toEqual([3, 7]);
    for (const id of junk.keys())
      expect(await add.handle(id).outcome()).toMatchObject({
        status: 'failed',
        fence: 1,
        error: { code: 'MESSAGE_UNREADABLE' },
      });
    // With results elsewhere, the message ends a moment after the task, and then the worker says so.
    await vi.waitFor(() => expect(failures.sort()).toEqual([...junk.keys()].sort()));
    const letters = await world.broker.deadLetters('default');
    expect(new Map(letters.map(({ id, payload }) => [id, Buffer.from(payload).toString()]))).toEqual(junk);
    expect(letters.map(({ reason }) => reason)).toEqual(letters.map(() => 'unreadable'));
    expect(await app.queueSize('default')).toEqual({ waiting: 0, delayed: 0, running: 0, dead: 4 });
  });

  it('runs a call whose bytes name prototypes, and changes none (SE-04)', async () => {
    const world = openWorld(stores);
    const app = world.app();
    app.task('echo', (value: object) => value);
    const hostile = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const payload = `[1,"echo",[${hostile}],{"retries":[0,1,0,1,0],"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]`;
    await world.broker.push([message('hostile', payload)]);
    await app.start();
    const outcome = await app.handle(app.findTask('echo') ?? expect.fail(), 'hostile').outcome();
    expect(JSON.stringify(outcome.status === 'success' && outcome.result)).toBe(hostile);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    for (const object of [outcome, outcome.args]) expect(object).not.toHaveProperty('polluted');
  });

  it('is told from one of the same host and pid before it, as in containers, and runs what that one left (BK-21)', async () => {
    const world = openWorld(stores);
    const [first, second] = [world.app(), world.app()];
    const whoAmI = first.task('whoAmI', () => 'ran');
    second.task('whoAmI', () => 'ran');
    await first.start();
    const { worker } = await (await whoAmI.submit([])).outcome();
    await first.stop();
    const orphan = await second.submit('whoAmI', []);
    // The first one claimed it, and died.
    const claim = { queue: 'default', lane: 'io', count: 1, leaseMs: 1, alone: false } as const;
    expect((await world.broker.claim({ ...claim, worker: worker ?? '' })).claims).toHaveLength(1);
    await second.start();
    const outcome = await orphan.outcome();
    expect(outcome).toMatchObject({ status: 'success', fence: 2, attempt: 1 });
    const hostAndPid = (name: string | null) => name?.replace(/-[^-]*$/, '');
    expect(hostAndPid(outcome.worker)).toBe(hostAndPid(worker));
    expect(outcome.worker).not.toBe(worker);
  });
});
