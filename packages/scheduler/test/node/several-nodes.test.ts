import { afterEach, describe, expect, it } from 'vitest';
import { range, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

describe('Several nodes on one store', () => {
  it('enqueue every slot once between them, each on time (SC-01)', async () => {
    world = await setup();
    const everies = [200, 250, 500, 1_000, 1_700];
    await world.create(...everies.map((every) => schedule(`every-${every}`, { schedule: String(every) })));
    for (const name of ['a', 'b', 'c']) await world.node(name).start();
    await world.clock.advance(30 * SECOND);
    for (const every of everies)
      expect(await world.enqueued(`every-${every}`)).toEqual(range(every, 30 * SECOND, every));
  });

  it('share the work when nodes come and go (SC-01)', async () => {
    world = await setup();
    await world.create(...range(1, 20, 1).map((n) => schedule(`s${n}`)));
    const first = world.node('a');
    await first.start();
    await world.clock.advance(5 * SECOND);
    await world.node('b').start();
    await first.stop({ grace: 0 });
    await world.clock.advance(5 * SECOND);
    await world.node('c').start();
    await world.clock.advance(5 * SECOND);
    for (const n of range(1, 20, 1)) expect(await world.enqueued(`s${n}`)).toEqual(range(SECOND, 15 * SECOND, SECOND));
    const nodes = new Set((await world.backend.listFirings('s1')).map(({ node }) => node));
    expect(nodes.has('a') && nodes.has('b')).toBe(true);
  });
});
