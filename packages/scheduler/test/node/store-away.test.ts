import { StoreUnavailableError } from '@flowrra/core';
import { afterEach, describe, expect, it } from 'vitest';
import { at, doorTo, MINUTE, range, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

describe('A store of schedules that is away', () => {
  it('is seen in the health after three rounds, is asked with growing pauses, and comes back by itself (SC-15, SC-16)', async () => {
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

  it('costs no slot when it fails between claim and mark (SC-15)', async () => {
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

  it('costs no slot when the reply to a claim is lost (SC-15)', async () => {
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

  it('is seen in the health when it answers no more, though nothing fails (SC-16)', async () => {
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
