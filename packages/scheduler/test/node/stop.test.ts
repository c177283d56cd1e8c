import { afterEach, describe, expect, it } from 'vitest';
import { decideSlots } from '../../src/firing/decide-slots.js';
import { at, doorTo, HOUR, ledger, range, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

/** A push that takes until it is let go. */
function holdPushes(): { letGo: () => void; held: () => number } {
  let letGo = (): void => {};
  let held = 0;
  const open = new Promise<void>((resolve) => (letGo = resolve));
  world.app.use({
    async submit(call, next) {
      held++;
      await open;
      return next(call);
    },
  });
  return { letGo, held: () => held };
}

describe('Stopping a node', () => {
  it('waits for the pushes that are under way, and claims nothing more', async () => {
    world = await setup();
    await world.create(schedule('s'));
    const pushes = holdPushes();
    const node = world.node();
    await node.start();
    await world.clock.advance(SECOND);
    expect(pushes.held()).toBe(1);
    let stopped = false;
    const stopping = node.stop({ grace: 30 * SECOND }).then(() => (stopped = true));
    await world.clock.advance(5 * SECOND);
    expect(stopped).toBe(false);
    pushes.letGo();
    await stopping;
    expect(await ledger(world.backend, 's')).toEqual(['slot 1000 submitted']);
    await world.clock.advance(10 * SECOND);
    expect(await world.backend.listFirings('s')).toHaveLength(1);
    expect(node.health().firing).toBe(false);
  });

  it('does not wait for a store that hangs, however long the grace (SH-06)', async () => {
    world = await setup();
    await world.create(schedule('s'));
    let hangs = false;
    const store = doorTo(world.backend, (_method, through) => (hangs ? new Promise(() => {}) : through()));
    const node = world.node('n', store);
    await node.start();
    await world.clock.advance(SECOND - 1);
    hangs = true;
    await world.clock.advance(1);
    const stopping = node.stop({ grace: HOUR });
    await world.clock.advance(2 * SECOND);
    await stopping;
    expect(node.health().firing).toBe(false);
  });

  it('leaves to other nodes what cannot be pushed within the grace', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(HOUR), nextRun: at(SECOND) }));
    const pushes = holdPushes();
    const node = world.node();
    await node.start();
    await world.clock.advance(SECOND);
    const stopping = node.stop({ grace: 2 * SECOND });
    await world.clock.advance(2 * SECOND);
    await stopping;
    expect(await ledger(world.backend, 's')).toEqual(['slot 1000 claimed']);
    pushes.letGo();
    await world.node('other').start();
    await world.clock.advance(10 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['slot 1000 submitted']);
    expect(world.broker.taken).toHaveLength(1);
  });

  it('begins no push after the grace, of those either that it had claimed', async () => {
    world = await setup();
    await world.create(...range(1, 450, 1).map((n) => schedule(`s${n}`, { schedule: String(HOUR), nextRun: at(0) })));
    const pushes = holdPushes();
    const node = world.node();
    await node.start();
    await world.clock.advance(SECOND);
    const begun = pushes.held();
    expect(begun).toBeLessThan(450);
    const stopping = node.stop({ grace: SECOND });
    await world.clock.advance(SECOND);
    await stopping;
    pushes.letGo();
    await world.clock.advance(SECOND);
    expect(pushes.held()).toBe(begun);
  });

  it('leaves no timer behind, may be repeated, and is final', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(HOUR) }));
    const timers = new Set<object>();
    const { after } = world.clock;
    world.clock.after = (ms, run) => {
      const timer = after.call(world.clock, ms, () => {
        timers.delete(watched);
        run();
      });
      const watched = {
        cancel() {
          timers.delete(watched);
          timer.cancel();
        },
      };
      timers.add(watched);
      return watched;
    };
    const node = world.node();
    await Promise.all([node.start(), node.start()]);
    await world.clock.advance(HOUR + SECOND);
    expect(timers.size).toBeGreaterThan(0);
    await Promise.all([node.stop({ grace: SECOND }), node.stop({ grace: SECOND })]);
    await node.stop({ grace: SECOND });
    expect(timers.size).toBe(0);
    await expect(node.start()).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('is done at once when it was never started', async () => {
    world = await setup();
    await world.node().stop({ grace: HOUR });
  });

  it('ends the pause after a failure', async () => {
    world = await setup();
    let away = false;
    const node = world.node(
      'n',
      doorTo(world.backend, (_method, through) => {
        if (away) throw new Error('away');
        return through();
      }),
    );
    await node.start();
    away = true;
    await world.clock.advance(61 * SECOND);
    await node.stop({ grace: HOUR });
  });

  it('makes no claim that was decided before it', async () => {
    world = await setup();
    await world.create(schedule('s', { nextRun: at(0) }));
    const store = doorTo(world.backend, async (method, through) => {
      const reply = await through();
      if (method === 'readDue') void world.stop();
      return reply;
    });
    await world.node('n', store).start();
    await world.clock.advance(SECOND);
    expect(await world.backend.listFirings('s')).toEqual([]);
  });
});

describe('The ledger', () => {
  it('is shortened by age, again and again, but never by what is still claimed', async () => {
    world = await setup({ retention: { age: 3 * HOUR, count: 1_000 } });
    const half = { schedule: String(HOUR / 2) };
    await world.create(schedule('s', half), schedule('lost', { nextRun: at(0), maxRuns: 1 }));
    await world.backend.claimDue([decideSlots(await world.row('lost'), at(0), { lastRunIsLive: false })], {
      node: 'dead',
    });
    // Unknown here, so that it stays as it is.
    await world.backend.update({ ...(await world.row('lost')), taskName: 'nobody.knows' });
    await world.node().start();
    await world.clock.advance(3 * HOUR);
    expect(await world.backend.listFirings('s')).toHaveLength(6);
    await world.clock.advance(9 * HOUR);
    const oldest = (await world.backend.listFirings('s')).at(-1)?.slot ?? at(0);
    expect(oldest.getTime()).toBeGreaterThanOrEqual(at(7 * HOUR).getTime());
    expect(oldest.getTime()).toBeLessThanOrEqual(at(9 * HOUR).getTime());
    expect(await ledger(world.backend, 'lost')).toEqual(['slot 0 claimed']);
  });

  it('is shortened to a number of firings per schedule', async () => {
    world = await setup({ retention: { age: 24 * HOUR, count: 10 } });
    await world.create(schedule('s'));
    await world.node().start();
    await world.clock.advance(295 * SECOND);
    expect(await world.backend.listFirings('s', { limit: null })).toHaveLength(295);
    await world.clock.advance(160 * SECOND);
    const firings = await world.backend.listFirings('s', { limit: null });
    expect(firings.length).toBeLessThanOrEqual(10 + 155);
    expect(firings[0]?.slot).toEqual(at(455 * SECOND));
  });

  it('that cannot be shortened holds up nothing', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(HOUR) }));
    const store = doorTo(world.backend, (method, through) => {
      if (method === 'pruneFirings') throw new Error('locked');
      return through();
    });
    await world.node('n', store).start();
    await world.clock.advance(3 * HOUR);
    expect(await world.enqueued('s')).toEqual([HOUR, 2 * HOUR, 3 * HOUR]);
    expect(world.log.count('could not be shortened')).toBeGreaterThanOrEqual(2);
  });
});
