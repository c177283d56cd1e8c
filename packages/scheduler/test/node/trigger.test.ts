import { IndeterminateSubmitError, StoreUnavailableError } from '@flowrra/core';
import { afterEach, describe, expect, it } from 'vitest';
import { at, doorTo, HOUR, ledger, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

describe('A trigger by hand', () => {
  it('enqueues the task now, as a firing of its own kind that moves no slot, though no node was started', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(HOUR), jitter: 60_000 }));
    const id = await world.node().trigger(await world.row('s'));
    expect(world.broker.taken).toMatchObject([{ id, runAt: null, remembered: true }]);
    expect(await ledger(world.backend, 's')).toEqual(['manual 0 submitted']);
    expect(await world.row('s')).toMatchObject({ nextRun: at(HOUR), runCount: 0, lastRun: null, lastTaskId: null });
  });

  it('runs a disabled schedule, and one that is over', async () => {
    world = await setup();
    await world.create(schedule('s', { enabled: false, nextRun: null }));
    await world.node().trigger(await world.row('s'));
    expect(world.broker.taken).toHaveLength(1);
    expect((await world.row('s')).nextRun).toBeNull();
  });

  it('may be repeated within a millisecond: each call is a task', async () => {
    world = await setup();
    await world.create(schedule('s'));
    const node = world.node();
    const row = await world.row('s');
    const ids = await Promise.all(Array.from({ length: 20 }, () => node.trigger(row)));
    expect(new Set(ids).size).toBe(20);
    expect(world.broker.taken).toHaveLength(20);
  });

  it('may be repeated hundreds of times within a millisecond, at once and one after the other', async () => {
    world = await setup();
    await world.create(schedule('s'));
    const node = world.node();
    const row = await world.row('s');
    const ids = await Promise.all(Array.from({ length: 200 }, () => node.trigger(row)));
    for (let i = 0; i < 100; i++) ids.push(await node.trigger(row));
    expect(new Set(ids).size).toBe(300);
    expect(world.broker.taken).toHaveLength(300);
  });

  it('takes the row as it is, when it changed since it was read', async () => {
    world = await setup();
    await world.create(schedule('s', { queue: 'old' }));
    const read = await world.row('s');
    await world.backend.update({ ...read, queue: 'new' });
    await world.node().trigger(read);
    expect(world.broker.taken).toMatchObject([{ queue: 'new' }]);
  });

  it('rejects when the schedule is gone, when its task is unknown and when its call is refused, and writes nothing', async () => {
    world = await setup();
    await world.create(
      schedule('s'),
      schedule('unknown', { taskName: 'nobody.knows' }),
      schedule('bad', { priority: 1_000 }),
    );
    const node = world.node();
    const read = await world.row('s');
    await world.backend.delete('s');
    await expect(node.trigger(read)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
    await expect(node.trigger(await world.row('unknown'))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    await expect(node.trigger(await world.row('bad'))).rejects.toMatchObject({ argument: 'priority' });
    for (const id of ['s', 'unknown', 'bad']) expect(await world.backend.listFirings(id)).toEqual([]);
  });

  it('tells the caller that the broker refused, and is not pushed later', async () => {
    world = await setup();
    await world.create(schedule('s', { nextRun: null }));
    const node = world.node();
    await node.start();
    world.broker.down = true;
    await expect(node.trigger(await world.row('s'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await world.backend.listFirings('s')).toMatchObject([
      { state: 'skipped', reason: expect.stringContaining('The broker is down') },
    ]);
    world.broker.down = false;
    await world.clock.advance(10 * SECOND);
    expect(world.broker.taken).toEqual([]);
  });

  it('is pushed later, once, when nobody can tell whether it was', async () => {
    world = await setup();
    await world.create(schedule('s', { nextRun: null }));
    let lost = true;
    world.app.use({
      async submit(call, next) {
        const handle = await next(call);
        if (!lost) return handle;
        lost = false;
        throw new IndeterminateSubmitError([handle.id]);
      },
    });
    const node = world.node();
    await node.start();
    await expect(node.trigger(await world.row('s'))).rejects.toMatchObject({ code: 'INDETERMINATE_SUBMIT' });
    expect(await ledger(world.backend, 's')).toEqual(['manual 0 claimed']);
    await world.clock.advance(10 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['manual 0 submitted']);
    expect(world.broker.taken).toHaveLength(1);
  });

  it('gives the id of the task that was enqueued, also when that cannot be noted any more', async () => {
    world = await setup();
    await world.create(schedule('s', { nextRun: null }));
    const store = doorTo(world.backend, (method, through) => {
      if (method === 'markFirings') throw new Error('gone');
      return through();
    });
    const id = await world.node('n', store).trigger(await world.row('s'));
    expect(world.broker.taken).toMatchObject([{ id }]);
  });

  it('gives the id of the task, which runs once, when the reply to its claim was lost', async () => {
    world = await setup();
    await world.create(schedule('s', { nextRun: null }));
    let lost = true;
    let looks = 0;
    const store = doorTo(world.backend, async (method, through) => {
      // The commit whose reply was lost comes a little later than the news of it.
      if (method === 'listFirings' && ++looks === 1) return [];
      const reply = await through();
      if (method !== 'claimDue' || !lost) return reply;
      lost = false;
      throw new StoreUnavailableError('The connection was lost.');
    });
    const node = world.node('n', store);
    await node.start();
    const id = await node.trigger(await world.row('s'));
    await world.clock.advance(10 * SECOND);
    expect(world.broker.taken).toMatchObject([{ id }]);
    expect(await ledger(world.backend, 's')).toEqual(['manual 0 submitted']);
  });

  it('names the task that may come to run, when nobody can tell whether its claim was written', async () => {
    world = await setup();
    await world.create(schedule('s', { nextRun: null }));
    let away = false;
    const store = doorTo(world.backend, async (method, through) => {
      const reply = method === 'listFirings' && away ? [] : await through();
      if (method === 'claimDue') away = true;
      if (away) throw new StoreUnavailableError('The store is away.');
      return reply;
    });
    const refused = await world
      .node('n', store)
      .trigger(await world.row('s'))
      .catch((err: unknown) => err);
    expect(refused).toMatchObject({ code: 'INDETERMINATE_SUBMIT', cause: { code: 'STORE_UNAVAILABLE' } });
    const [{ id: claimed = '' } = {}] = await world.backend.listFirings('s');
    expect(refused).toMatchObject({ taskIds: [claimed] });
    await world.node('other').start();
    await world.clock.advance(10 * SECOND);
    expect(world.broker.taken).toMatchObject([{ id: claimed }]);
  });

  it('says what the store said when its claim was not written, and is not pushed later', async () => {
    world = await setup();
    await world.create(schedule('s', { nextRun: null }));
    const store = doorTo(world.backend, (method, through) => {
      if (method === 'claimDue') throw new StoreUnavailableError('The store is read-only.');
      return through();
    });
    await expect(world.node('n', store).trigger(await world.row('s'))).rejects.toThrow('The store is read-only.');
    expect(await world.backend.listFirings('s')).toEqual([]);
  });

  it('gives up, enqueuing nothing, when the row changes faster than it can be triggered', async () => {
    world = await setup();
    await world.create(schedule('s'));
    const store = doorTo(world.backend, async (method, through) => {
      if (method === 'claimDue') await world.backend.update(await world.row('s'));
      return through();
    });
    await expect(world.node('n', store).trigger(await world.row('s'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(world.broker.taken).toEqual([]);
  });
});
