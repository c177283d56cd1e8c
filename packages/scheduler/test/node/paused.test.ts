import { sleep } from '@flowrra/core';
import { afterEach, describe, expect, it } from 'vitest';
import { decideSlots } from '../../src/firing/decide-slots.js';
import { at, doorTo, HOUR, ledger, MINUTE, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

/** Longer than the broker remembers a task that has ended. */
const LONG = 2 * HOUR;

/** The store as a node sees it that stands still after its first call of `method`: its machine sleeps, say. */
function pausingAfter(method: string) {
  let called = false;
  return doorTo(world.backend, async (name, through) => {
    const reply = await through();
    if (name === method && !called) {
      called = true;
      await sleep(world.clock, LONG);
    }
    return reply;
  });
}

/** A slot whose node died between its claim and the mark. */
async function claimByDeadNode() {
  await world.create(schedule('s', { schedule: String(24 * HOUR), nextRun: at(0) }));
  const decision = decideSlots(await world.row('s'), at(0), { lastRunIsLive: false });
  const [firing] = await world.backend.claimDue([decision], { node: 'dead' });
  return firing;
}

describe('A node that stands still for hours', () => {
  it('after a claim leaves the slot to others when it goes on: one has pushed it, and the broker forgot it since (SC-03)', async () => {
    world = await setup();
    await world.app.start();
    await world.create(schedule('s', { schedule: String(24 * HOUR), nextRun: at(SECOND) }));
    await world.node('paused', pausingAfter('claimDue')).start();
    await world.clock.advance(2 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual([`slot ${SECOND} claimed`]);
    await world.node('other').start();
    await world.clock.advance(MINUTE);
    expect(world.ran).toEqual(['s']);
    await world.clock.advance(LONG);
    expect(await ledger(world.backend, 's')).toEqual([`slot ${SECOND} submitted`]);
    expect(world.ran).toEqual(['s']);
  });

  it('after it read what a dead one had claimed leaves it to others as well (SC-03)', async () => {
    world = await setup();
    await world.app.start();
    await claimByDeadNode();
    await world.clock.advance(10 * SECOND);
    await world.node('paused', pausingAfter('unsubmittedFirings')).start();
    await world.clock.advance(0);
    await world.node('other').start();
    await world.clock.advance(MINUTE);
    expect(world.ran).toEqual(['s']);
    await world.clock.advance(LONG);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 submitted']);
    expect(world.ran).toEqual(['s']);
  });

  it('after it read the time does not take what was claimed before for new (SC-03)', async () => {
    world = await setup();
    await world.app.start();
    const firing = await claimByDeadNode();
    await world.app.submit('tick', ['s'], { id: firing?.id });
    await world.clock.advance(10 * SECOND);
    expect(world.ran).toEqual(['s']);
    await world.node('paused', pausingAfter('dueTimes')).start();
    await world.clock.advance(LONG + MINUTE);
    expect(world.ran).toEqual(['s']);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 unknown']);
  });

  it('in the middle of a trigger by hand says that it cannot tell, and runs the task no second time', async () => {
    world = await setup();
    await world.app.start();
    await world.create(schedule('s', { schedule: String(24 * HOUR) }));
    const triggered = world.node('paused', pausingAfter('claimDue')).trigger(await world.row('s'));
    const refused = expect(triggered).rejects.toMatchObject({ code: 'INDETERMINATE_SUBMIT' });
    await world.node('other').start();
    await world.clock.advance(MINUTE);
    expect(world.ran).toEqual(['s']);
    await world.clock.advance(LONG);
    await refused;
    expect(world.ran).toEqual(['s']);
  });

  it('finds its slot in doubt when it was the only one, and goes on with the next', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(HOUR), nextRun: at(SECOND) }));
    await world.node('paused', pausingAfter('claimDue')).start();
    await world.clock.advance(LONG + MINUTE);
    const [first, ...others] = await ledger(world.backend, 's');
    expect(first).toBe(`slot ${SECOND} unknown`);
    expect(others.at(-1)).toBe(`slot ${LONG} submitted`);
    expect(world.log.count('nobody can tell')).toBe(1);
  });
});

it('a node pushes what it claimed also to a broker that remembers nothing', async () => {
  world = await setup({ broker: { dedupeWindow: 0 } });
  await world.create(schedule('s'));
  await world.node().start();
  await world.clock.advance(3 * SECOND);
  expect(await world.enqueued('s')).toEqual([1_000, 2_000, 3_000]);
});
