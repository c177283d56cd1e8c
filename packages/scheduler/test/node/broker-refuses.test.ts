import { afterEach, describe, expect, it } from 'vitest';
import { decideSlots } from '../../src/firing/decide-slots.js';
import { at, HOUR, ledger, MINUTE, range, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

describe('A broker that refuses', () => {
  it('gets every slot once when it is back after ten seconds (SC-14)', async () => {
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

  it('leaves the backlog of two hours to the catch-up policy, which judges it once (SC-14)', async () => {
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

  it('marks as submitted what was pushed long ago and is held, instead of pushing it again (SC-14)', async () => {
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

  it('that answers, but has no room, is tried with one claim at a time (SC-14)', async () => {
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

  it('holds up only its own schedules when one queue is full, and enqueues each slot once when it has room (SC-14)', async () => {
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

  it('holds up what middleware puts into a full queue, whatever queue the schedule names (SC-14)', async () => {
    world = await setup({ broker: { maxQueueSize: 2 } });
    world.app.use({
      submit: (call, next) => next({ ...call, options: { ...call.options, queue: 'narrow' } }),
    });
    await world.create(schedule('s', { queue: 'wide' }));
    await world.node().start();
    await world.clock.advance(MINUTE);
    // The third one found out.
    expect(await ledger(world.backend, 's')).toEqual([
      'slot 1000 submitted',
      'slot 2000 submitted',
      'slot 3000 claimed',
    ]);
    // And so does the first one of a schedule that was never pushed.
    await world.create(schedule('t', { queue: 'wide', nextRun: at(MINUTE + SECOND) }));
    await world.clock.advance(MINUTE);
    expect(await ledger(world.backend, 't')).toEqual(['slot 61000 claimed']);
    await purge(world, 'narrow');
    await world.clock.advance(6 * SECOND);
    expect((await ledger(world.backend, 's'))[2]).toBe('slot 3000 submitted');
  });

  it('judges the backlog of a full queue once, when it has room again after two hours (SC-14)', async () => {
    world = await setup({ broker: { maxQueueSize: 2 } });
    await world.create(...range(1, 5, 1).map((n) => schedule(`s${n}`, { schedule: String(MINUTE), queue: 'narrow' })));
    await world.node().start();
    await world.clock.advance(2 * HOUR);
    // Two found room; the others were claimed once, when nobody knew, and nothing after that: they are known not to have run.
    for (const n of range(1, 5, 1))
      expect(await ledger(world.backend, `s${n}`)).toEqual([`slot ${MINUTE} ${n <= 2 ? 'submitted' : 'skipped'}`]);
    expect((await world.backend.listFirings('s5'))[0]?.reason).toContain('Queue "narrow" holds its limit');
    expect(world.log.count('nobody can tell')).toBe(0);
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

  it('with a queue that was full for nearly half the window still gets what waited, once there is room', async () => {
    world = await setup({ broker: { maxQueueSize: 2 } });
    await world.create(
      ...range(1, 4, 1).map((n) => schedule(`s${n}`, { schedule: String(24 * HOUR), nextRun: at(0), queue: 'narrow' })),
    );
    await world.node('a').start();
    await world.node('b').start();
    await world.clock.advance(20 * MINUTE);
    await purge(world, 'narrow');
    await world.clock.advance(6 * SECOND);
    for (const n of range(1, 4, 1)) expect(await ledger(world.backend, `s${n}`)).toEqual(['slot 0 submitted']);
    for (const n of range(1, 4, 1)) expect(await world.enqueued(`s${n}`)).toEqual([0]);
  });

  it('is seen in the health of a node, and so is its return (SC-16)', async () => {
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

  it('is no trouble any more once it answers, though nothing is due to try it with, and the next slot is in time (SC-16)', async () => {
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

/** Empties a queue, as an operator would. */
async function purge({ broker }: World, queue: string): Promise<void> {
  await broker.purge(queue);
}
