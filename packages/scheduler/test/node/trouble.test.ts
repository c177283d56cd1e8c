import { StoreUnavailableError } from '@flowrra/core';
import { afterEach, describe, expect, it } from 'vitest';
import { decideSlots } from '../../src/firing/decide-slots.js';
import { at, doorTo, HOUR, ledger, MINUTE, range, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

describe('A schedule that cannot fire', () => {
  it('SC-12 shows why on its row when its task is unknown here, is left to other nodes, and costs nothing', async () => {
    world = await setup();
    await world.create(schedule('lost', { taskName: 'nobody.knows' }), schedule('fine', { schedule: '2000' }));
    let calls = 0;
    const counted = doorTo(world.backend, (method, through) => {
      if (method !== 'waitForChange') calls++;
      return through();
    });
    await world.node('n', counted).start();
    await world.clock.advance(10 * SECOND);
    expect((await world.row('lost')).error).toContain('"nobody.knows"');
    expect(await world.row('lost')).toMatchObject({ nextRun: at(SECOND), runCount: 0 });
    expect(await world.enqueued('fine')).toEqual(range(2_000, 10_000, 2_000));
    await world.backend.delete('fine');
    await world.clock.advance(SECOND);
    calls = 0;
    await world.clock.advance(10 * MINUTE);
    expect(calls).toBeLessThanOrEqual(11);
    expect(world.log.count('not registered here')).toBe(1);
  });

  it('SC-12 fires once its task is registered after all, and loses its error', async () => {
    world = await setup();
    await world.create(schedule('later', { taskName: 'later' }));
    await world.node().start();
    await world.clock.advance(5 * SECOND);
    world.app.task('later', () => {});
    await world.clock.advance(MINUTE);
    expect(await world.row('later')).toMatchObject({ error: null });
    expect((await world.enqueued('later')).at(-1)).toBe(65 * SECOND);
  });

  it('SC-12 leaves what a node claimed that knew the task to a node that knows it', async () => {
    world = await setup();
    await world.create(schedule('s', { taskName: 'theirs', schedule: String(HOUR), nextRun: at(0) }));
    await world.backend.claimDue([decideSlots(await world.row('s'), at(0), { lastRunIsLive: false })], {
      node: 'dead',
    });
    await world.node().start();
    await world.clock.advance(MINUTE);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 claimed']);
    world.app.task('theirs', () => {});
    await world.clock.advance(2 * MINUTE);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 submitted']);
  });

  it('SC-12 ends with its error when its expression is broken, and others run on time', async () => {
    world = await setup();
    const broken = { scheduleType: 'cron' as const, schedule: 'each morning', nextRun: at(SECOND) };
    await world.create(schedule('broken', broken), schedule('fine'));
    await world.node().start();
    await world.clock.advance(5 * SECOND);
    expect(await world.row('broken')).toMatchObject({ nextRun: null, error: expect.stringContaining('no times') });
    expect(await world.enqueued('fine')).toEqual(range(SECOND, 5 * SECOND, SECOND));
    expect(world.log.count('cannot fire')).toBe(1);
  });

  it('SC-12 holds up no other one when somebody wrote a last task into its row that no task can be', async () => {
    world = await setup();
    await world.create(
      schedule('edited', { overlap: 'skip', lastTaskId: 'no name of a task' }),
      schedule('fine', { overlap: 'skip' }),
    );
    await world.node().start();
    await world.clock.advance(SECOND);
    expect(await world.enqueued('fine')).toEqual([1_000]);
    expect(await world.enqueued('edited')).toEqual([1_000]);
  });

  it('SC-12 skips its slots with the reason when its arguments are refused, and fires again once they are not', async () => {
    world = await setup();
    let strict = true;
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => (strict ? { issues: [{ message: 'must be a number' }] } : { value }),
      },
    };
    world.app.task('picky', { schema: { args: schema } }, () => {});
    await world.create(schedule('bad', { taskName: 'picky' }), schedule('fine'));
    await world.node().start();
    await world.clock.advance(2 * SECOND);
    expect(await world.row('bad')).toMatchObject({
      error: expect.stringContaining('must be a number'),
      nextRun: at(3_000),
    });
    expect(await ledger(world.backend, 'bad')).toEqual(['slot 1000 skipped', 'slot 2000 skipped']);
    expect(await world.enqueued('fine')).toEqual([1_000, 2_000]);
    strict = false;
    await world.clock.advance(SECOND);
    expect(await world.enqueued('bad')).toEqual([3_000]);
    expect((await world.row('bad')).error).toBeNull();
  });

  it('skips a slot whose task a middleware refuses, and says why in the ledger and on the row', async () => {
    world = await setup();
    world.app.use({
      submit: (call, next) => (call.args[0] === 'bad' ? Promise.reject(new Error('not today')) : next(call)),
    });
    await world.create(schedule('bad'), schedule('fine'));
    await world.node().start();
    await world.clock.advance(SECOND);
    expect(await world.backend.listFirings('bad')).toMatchObject([
      { state: 'skipped', reason: expect.stringContaining('not today') },
    ]);
    expect((await world.row('bad')).error).toContain('not today');
    expect(await world.enqueued('fine')).toEqual([1_000]);
  });
});

describe('A broker that refuses', () => {
  it('SC-14 gets every slot once when it is back after ten seconds', async () => {
    world = await setup();
    await world.create(schedule('s'), schedule('t', { catchUp: 'skip' }));
    const node = world.node();
    await node.start();
    await world.clock.advance(3 * SECOND);
    world.broker.down = true;
    await world.clock.advance(10 * SECOND);
    // One claim found out; after that nothing is claimed.
    for (const id of ['s', 't']) expect(await world.backend.listFirings(id)).toHaveLength(4);
    world.broker.down = false;
    await world.clock.advance(10 * SECOND);
    for (const id of ['s', 't']) expect(await world.enqueued(id)).toEqual(range(SECOND, 23 * SECOND, SECOND));
    const states = (await world.backend.listFirings('s')).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['submitted']));
    expect(world.log.lines.filter((line) => line.includes('the broker'))).toHaveLength(2);
    expect(node.health()).toMatchObject({ firing: true, error: null });
  });

  it('SC-14 leaves the backlog of two hours to the catch-up policy, which judges it once', async () => {
    world = await setup();
    const minutely = { schedule: String(MINUTE) };
    await world.create(
      schedule('latest', minutely),
      schedule('skip', { ...minutely, catchUp: 'skip' }),
      schedule('all', { ...minutely, catchUp: { all: 3 } }),
      ...range(1, 20, 1).map((n) => schedule(`other-${n}`, minutely)),
    );
    await world.node().start();
    await world.clock.advance(MINUTE);
    world.broker.down = true;
    await world.clock.advance(2 * HOUR);
    world.broker.down = false;
    await world.clock.advance(10 * SECOND);
    const last = 121 * MINUTE;
    // The slot that was claimed to find out is too old to be pushed blindly: it may have run.
    const found = [`slot ${MINUTE} submitted`, `slot ${2 * MINUTE} unknown`];
    expect(await ledger(world.backend, 'latest')).toEqual([
      ...found,
      `passed-over ${3 * MINUTE}..${last - MINUTE} (118) skipped`,
      `slot ${last} submitted`,
    ]);
    expect(await ledger(world.backend, 'skip')).toEqual([...found, `passed-over ${3 * MINUTE}..${last} (119) skipped`]);
    expect((await ledger(world.backend, 'all')).slice(2)).toEqual([
      `passed-over ${3 * MINUTE}..${last - 3 * MINUTE} (116) skipped`,
      ...range(last - 2 * MINUTE, last, MINUTE).map((slot) => `slot ${slot} submitted`),
    ]);
    expect(world.log.count('nobody can tell')).toBe(1);
    await world.clock.advance(MINUTE);
    for (const id of ['latest', 'skip', 'all', 'other-20'])
      expect((await world.enqueued(id)).at(-1)).toBe(last + MINUTE);
  });

  it('SC-14 marks as submitted what was pushed long ago and is held, instead of pushing it again', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(24 * HOUR), nextRun: at(0) }));
    const decision = decideSlots(await world.row('s'), at(0), { lastRunIsLive: false });
    const [firing] = await world.backend.claimDue([decision], { node: 'dead' });
    await world.app.submit('tick', ['s'], { id: firing?.id });
    await world.clock.advance(3 * HOUR);
    await world.node().start();
    await world.clock.advance(SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 submitted']);
    expect(world.broker.pushes).toBe(1);
  });

  it('SC-14 that answers, but has no room, is tried with one claim at a time', async () => {
    world = await setup();
    await world.create(...range(1, 20, 1).map((n) => schedule(`s${n}`, { schedule: String(MINUTE) })));
    world.broker.outOfRoom = true;
    await world.node().start();
    await world.clock.advance(2 * HOUR);
    const ledgers = await Promise.all(range(1, 20, 1).map((n) => world.backend.listFirings(`s${n}`)));
    // All were claimed when nobody knew; after that one each half hour, when the one before is given up.
    expect(ledgers.flat().filter(({ kind }) => kind === 'slot').length).toBeLessThanOrEqual(20 + 4);
    world.broker.outOfRoom = false;
    await world.clock.advance(10 * SECOND);
    for (const n of range(1, 20, 1)) expect((await world.enqueued(`s${n}`)).length).toBeGreaterThanOrEqual(1);
  });

  it('SC-14 holds up only its own schedules when one queue is full, and enqueues each slot once when it has room', async () => {
    world = await setup({ broker: { maxQueueSize: 5 } });
    await world.create(
      ...range(1, 8, 1).map((n) =>
        schedule(`narrow-${n}`, { queue: 'narrow', schedule: String(HOUR), nextRun: at(SECOND) }),
      ),
      schedule('wide', { queue: 'wide', schedule: '10000' }),
    );
    const node = world.node();
    await node.start();
    await world.clock.advance(30 * SECOND);
    expect(await world.enqueued('wide')).toEqual([10_000, 20_000, 30_000]);
    expect(node.health()).toMatchObject({ firing: true, error: { code: 'QUEUE_FULL', queue: 'narrow' } });
    expect(await world.app.queueSize('narrow')).toMatchObject({ waiting: 5 });
    await purge(world, 'narrow');
    await world.clock.advance(6 * SECOND);
    for (const n of range(1, 8, 1)) expect(await world.enqueued(`narrow-${n}`)).toEqual([SECOND]);
    expect(node.health()).toMatchObject({ firing: true, error: null });
    expect(world.log.count('queue is full')).toBe(1);
  });

  it('SC-14 judges the backlog of a full queue once, when it has room again after two hours', async () => {
    world = await setup({ broker: { maxQueueSize: 2 } });
    await world.create(...range(1, 5, 1).map((n) => schedule(`s${n}`, { schedule: String(MINUTE), queue: 'narrow' })));
    await world.node().start();
    await world.clock.advance(2 * HOUR);
    // Two found room; the others were claimed once, when nobody knew, and nothing after that.
    for (const n of range(1, 5, 1))
      expect(await ledger(world.backend, `s${n}`)).toEqual([`slot ${MINUTE} ${n <= 2 ? 'submitted' : 'unknown'}`]);
    for (let n = 0; n < 3; n++) {
      await purge(world, 'narrow');
      await world.clock.advance(6 * SECOND);
    }
    for (const n of range(1, 5, 1)) {
      const judged = (await ledger(world.backend, `s${n}`)).slice(1);
      expect(judged).toEqual([
        `passed-over ${2 * MINUTE}..${119 * MINUTE} (118) skipped`,
        `slot ${120 * MINUTE} submitted`,
      ]);
    }
  });

  it('SC-16 is seen in the health of a node, and so is its return', async () => {
    world = await setup();
    await world.create(schedule('s'));
    const node = world.node();
    await node.start();
    await world.clock.advance(SECOND);
    expect(node.health()).toEqual({ firing: true, lastRound: at(SECOND), error: null });
    world.broker.down = true;
    await world.clock.advance(20 * SECOND);
    expect(node.health()).toMatchObject({ firing: false, error: { code: 'STORE_UNAVAILABLE' } });
    world.broker.down = false;
    await world.clock.advance(6 * SECOND);
    expect(node.health()).toMatchObject({ firing: true, error: null });
  });

  it('SC-16 is no trouble any more once it answers, though nothing is due to try it with, and the next slot is in time', async () => {
    world = await setup();
    await world.create(schedule('s'), schedule('hourly', { schedule: String(HOUR) }));
    const node = world.node();
    await node.start();
    world.broker.down = true;
    await world.clock.advance(20 * SECOND);
    await world.backend.delete('s');
    world.broker.down = false;
    await world.clock.advance(11 * SECOND);
    expect(node.health()).toMatchObject({ firing: true, error: null });
    await world.clock.advance(HOUR - 31 * SECOND);
    expect(await world.backend.listFirings('hourly')).toMatchObject([{ slot: at(HOUR), claimedAt: at(HOUR) }]);
    expect(world.log.count('takes tasks again')).toBe(1);
  });

  it('is probed for schedules that must not overlap too, though nothing was claimed', async () => {
    world = await setup();
    await world.create(schedule('s', { overlap: 'skip', lastTaskId: 'earlier' }));
    world.broker.down = true;
    await world.node().start();
    await world.clock.advance(20 * SECOND);
    expect(await world.backend.listFirings('s')).toEqual([]);
    world.broker.down = false;
    await world.clock.advance(6 * SECOND);
    expect((await world.enqueued('s')).length).toBeGreaterThan(0);
  });
});

describe('A store of schedules that is away', () => {
  it('SC-15 SC-16 is seen in the health after three rounds, is asked with growing pauses, and comes back by itself', async () => {
    world = await setup();
    await world.create(schedule('s'));
    let away = false;
    let calls = 0;
    const store = doorTo(world.backend, (method, through) => {
      if (method === 'dueTimes') calls++;
      // A store that is away ends the waits for changes, too.
      if (away && method === 'waitForChange') return undefined;
      if (away) throw new StoreUnavailableError('The database is down.');
      return through();
    });
    const node = world.node('n', store);
    await node.start();
    expect(world.node('other').health()).toEqual({ firing: false, lastRound: null, error: null });
    await world.clock.advance(3 * SECOND);
    away = true;
    calls = 0;
    await world.clock.advance(MINUTE);
    expect(node.health()).toEqual({
      firing: false,
      lastRound: at(3 * SECOND),
      error: expect.objectContaining({ code: 'STORE_UNAVAILABLE' }),
    });
    expect(calls).toBeGreaterThanOrEqual(12);
    expect(calls).toBeLessThanOrEqual(20);
    expect(world.log.lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
    away = false;
    await world.clock.advance(6 * SECOND);
    expect(node.health()).toMatchObject({ firing: true, error: null });
    expect(world.log.count('served again')).toBe(1);
    // The oldest of a minute's slots is a minute old: the backlog is judged.
    expect((await world.enqueued('s')).slice(0, 3)).toEqual([1_000, 2_000, 3_000]);
    expect((await world.enqueued('s')).at(-1)).toBe(69_000);
  });

  it('SC-15 costs no slot when it fails between claim and mark', async () => {
    world = await setup();
    await world.create(schedule('s'));
    let failing = 0;
    const store = doorTo(world.backend, (method, through) => {
      if (method === 'markFirings' && failing-- > 0) throw new StoreUnavailableError('The database is down.');
      return through();
    });
    await world.node('n', store).start();
    await world.clock.advance(2 * SECOND);
    failing = 2;
    await world.clock.advance(20 * SECOND);
    expect(await world.enqueued('s')).toEqual(range(SECOND, 22 * SECOND, SECOND));
    expect((await world.backend.listFirings('s')).every(({ state }) => state === 'submitted')).toBe(true);
  });

  it('SC-15 costs no slot when the reply to a claim is lost', async () => {
    world = await setup();
    await world.create(schedule('s'));
    let losing = false;
    const store = doorTo(world.backend, async (method, through) => {
      const reply = await through();
      if (method === 'claimDue' && losing) throw new StoreUnavailableError('The connection is gone.');
      return reply;
    });
    await world.node('n', store).start();
    await world.clock.advance(2 * SECOND);
    losing = true;
    await world.clock.advance(SECOND);
    losing = false;
    await world.clock.advance(20 * SECOND);
    expect(await world.enqueued('s')).toEqual(range(SECOND, 23 * SECOND, SECOND));
  });

  it('is opened again by the rounds when it could not be opened any more', async () => {
    world = await setup();
    await world.create(schedule('s'));
    let away = false;
    const node = world.node('n', async () => {
      if (away) throw new StoreUnavailableError('The database is down.');
      return world.backend;
    });
    await node.start();
    away = true;
    await world.clock.advance(30 * SECOND);
    expect(node.health().firing).toBe(false);
    away = false;
    await world.clock.advance(6 * SECOND);
    expect(node.health().firing).toBe(true);
  });

  it('SC-16 is seen in the health when it answers no more, though nothing fails', async () => {
    world = await setup();
    let answer = (): void => {};
    let silent = false;
    const store = doorTo(world.backend, async (method, through) => {
      if (silent && method === 'dueTimes') await new Promise<void>((resolve) => (answer = resolve));
      return through();
    });
    await world.create(schedule('s'));
    const node = world.node('n', store);
    await node.start();
    await world.clock.advance(SECOND);
    silent = true;
    await world.clock.advance(20 * SECOND);
    expect(node.health()).toMatchObject({ firing: true, lastRound: at(SECOND) });
    await world.clock.advance(20 * SECOND);
    expect(node.health()).toMatchObject({ firing: false, error: { code: 'STORE_UNAVAILABLE' } });
    silent = false;
    answer();
    await world.clock.advance(SECOND);
    expect(node.health()).toMatchObject({ firing: true, error: null });
  });

  it('never makes a hot loop of waits that end at once', async () => {
    world = await setup();
    let looks = 0;
    const nervous = doorTo(world.backend, (method, through) => {
      if (method === 'waitForChange') return undefined;
      if (method === 'dueTimes') looks++;
      return through();
    });
    await world.node('n', nervous).start();
    await world.clock.advance(MINUTE);
    expect(looks).toBeLessThanOrEqual(70);
  });
});

/** Empties a queue, as an operator would. */
async function purge({ broker }: World, queue: string): Promise<void> {
  await broker.purge(queue);
}
