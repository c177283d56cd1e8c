import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { afterEach, describe, expect, it } from 'vitest';
import { creations } from '../../support/sample-schedules.js';
import { SQL_SERVERS, type World } from '../../support/sql-servers.js';

const worlds: World[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

describe.each(SQL_SERVERS.flatMap((server) => server.conflicts.map((error) => ({ server, name: server.name, error }))))(
  'error $error of $name',
  ({ server, error }) => {
    const setup = async (times: number) => {
      const world = server.world();
      worlds.push(world);
      const backend = world.backend();
      await backend.create(sampleSchedule('job'));
      const attempts = await server.failClaims(world, error, times);
      return { backend, attempts };
    };

    it('has the whole transaction done again (SQ-03)', async () => {
      const { backend, attempts } = await setup(3);
      const claimed = await backend.claimDue([sampleDecision(sampleSchedule('job'))], { node: 'node' });
      expect(claimed).toHaveLength(1);
      expect(await backend.listFirings('job')).toHaveLength(1);
      expect((await backend.get('job'))?.runCount).toBe(1);
      expect(await attempts()).toBe(4);
    });

    it('is given up after five more attempts, and nothing is written (SQ-03)', async () => {
      const { backend, attempts } = await setup(1_000);
      const claiming = backend.claimDue([sampleDecision(sampleSchedule('job'))], { node: 'node' });
      await expect(claiming).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await backend.listFirings('job')).toEqual([]);
      expect((await backend.get('job'))?.runCount).toBe(0);
      expect(await attempts()).toBe(6);
    });
  },
);

describe.each(SQL_SERVERS)('transactions on $name', (server) => {
  it('that waited too long for a lock of somebody else are done again (SQ-03)', async () => {
    const world = server.world();
    worlds.push(world);
    const backend = world.backend();
    await backend.create(sampleSchedule('job'));
    const attempts = await server.failClaims(world, server.lockedOut, 7);
    const claimed = await backend.claimDue([sampleDecision(sampleSchedule('job'))], { node: 'node' });
    expect(claimed).toHaveLength(1);
    expect(await backend.listFirings('job')).toHaveLength(1);
    expect(await attempts()).toBe(8);
  });

  it('that really run into deadlocks all succeed (SQ-03)', async () => {
    const world = server.world();
    worlds.push(world);
    const nodes = [world.backend(), world.backend(), world.backend()];
    await nodes[0]?.applyChanges(creations(60));
    const changing = nodes.map(async (node, index) => {
      for (let round = 0; round < 5; round++) {
        const all = await node.listAll();
        const order = index === 1 ? all.reverse() : all;
        const changes = order.map((before) => ({ before, after: { ...before, description: `${index} ${round}` } }));
        await node.applyChanges(changes);
      }
    });
    await Promise.all(changing);
    const descriptions = new Set((await nodes[0]?.listAll())?.map(({ description }) => description));
    // All changes or none.
    expect(descriptions.size).toBe(1);
  });
});
