import { StoreUnavailableError } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describe, expect, it } from 'vitest';
import { describeSchedulerBackend } from '../../src/conformance/index.js';
import { decideSlots } from '../../src/firing/decide-slots.js';
import { withLedger } from '../../src/in-memory/single-node-ledger.js';
import { ElevenMethodsBackend } from '../conformance/eleven-methods-backend.js';
import { createMemoryWorld } from '../conformance/memory-world.js';
import { at, doorTo, MINUTE, range, SECOND, START, schedule, setup } from './setup.js';

/** It keeps runs back until they are settled: edits by others in between lead elsewhere than in memory. */
const itForOneNode = (name: string, body: () => Promise<void>) => it.skipIf(name.startsWith('answers as'))(name, body);

describe('A backend of eleven methods with a ledger for one node', () => {
  describeSchedulerBackend(
    { describe, it: itForOneNode },
    {
      without: ['damage'],
      async create() {
        const clock = new ManualClock();
        return createMemoryWorld(withLedger(new ElevenMethodsBackend(), clock), clock);
      },
    },
  );
});

/** A node on a backend of eleven methods; `crash` ends it as a kill would, and another process begins. */
async function setupEleven() {
  const world = await setup();
  const eleven = new ElevenMethodsBackend();
  await eleven.open({ clock: world.clock, logger: world.log });
  return { world, eleven, process: () => withLedger(eleven, world.clock) };
}

describe('A node on a backend of eleven methods', () => {
  it('fires every slot once, and keeps the account of its runs in the store (SC-06)', async () => {
    const { world, eleven, process } = await setupEleven();
    await eleven.create(schedule('s', { maxRuns: 30 }));
    const ledger = process();
    await world.node('n', ledger).start();
    await world.clock.advance(MINUTE);
    const slots = (await ledger.listFirings('s')).map(({ slot, state }) => [state, slot.getTime() - START]).reverse();
    expect(slots).toEqual(range(SECOND, 30 * SECOND, SECOND).map((slot) => ['submitted', slot]));
    expect(world.broker.taken).toHaveLength(30);
    expect(await eleven.get('s')).toMatchObject({ runCount: 30, lastRun: at(30 * SECOND), nextRun: null });
    await world.stop();
  });

  it('loses no slot by a crash between claim and push, and repeats none by one before the mark (SC-02, SC-03)', async () => {
    const { world, eleven, process } = await setupEleven();
    await eleven.create(schedule('claimed', { nextRun: at(0), schedule: '600000' }));
    await eleven.create(schedule('pushed', { nextRun: at(0), schedule: '600000' }));
    const first = process();
    const { schedules, now } = await first.readDue({ limit: 10 });
    const firings = await first.claimDue(
      schedules.map((row) => decideSlots(row, now, { lastRunIsLive: false })),
      { node: 'dead' },
    );
    expect(firings).toHaveLength(2);
    const pushed = firings.find(({ scheduleId }) => scheduleId === 'pushed');
    await world.app.submit('tick', ['pushed'], { id: pushed?.id });
    // The process ends here, and its ledger with it.
    await world.node('next', process()).start();
    await world.clock.advance(SECOND);
    expect(world.broker.taken.map(({ id }) => id).sort()).toEqual(firings.map(({ id }) => id).sort());
    for (const id of ['claimed', 'pushed'])
      expect(await eleven.get(id)).toMatchObject({ runCount: 1, lastRun: at(0), nextRun: at(10 * MINUTE) });
    await world.stop();
  });

  it('notices within five seconds what another process changes (SC-10)', async () => {
    const { world, eleven, process } = await setupEleven();
    await world.node('n', process()).start();
    await world.clock.advance(MINUTE);
    await eleven.create(schedule('s', { nextRun: at(MINUTE + SECOND), schedule: '600000' }));
    await world.clock.advance(6 * SECOND);
    expect(world.broker.taken).toHaveLength(1);
    await world.stop();
  });

  it('keeps what is edited while a run is under way, and the run', async () => {
    const { world, eleven, process } = await setupEleven();
    await eleven.create(schedule('s', { nextRun: at(0), schedule: '600000' }));
    const ledger = process();
    const { schedules, now } = await ledger.readDue({ limit: 10 });
    const firings = await ledger.claimDue(
      schedules.map((row) => decideSlots(row, now, { lastRunIsLive: false })),
      { node: 'n' },
    );
    const seen = await ledger.get('s');
    if (!seen) throw new Error('s is not stored');
    expect(seen).toMatchObject({ runCount: 1, nextRun: at(10 * MINUTE) });
    expect(await ledger.applyChanges([{ before: seen, after: { ...seen, description: 'edited' } }])).toBe(true);
    // What is stored is still due, should the process end now.
    expect(await eleven.get('s')).toMatchObject({ description: 'edited', nextRun: at(0), runCount: 0 });
    await ledger.markFirings(firings, { state: 'submitted' });
    expect(await eleven.get('s')).toMatchObject({ description: 'edited', nextRun: at(10 * MINUTE), runCount: 1 });
    await world.stop();
  });

  it('stores a run later, when the store was away at its mark', async () => {
    const { world, eleven } = await setupEleven();
    await eleven.create(schedule('s', { schedule: '600000', nextRun: at(0) }));
    let away = true;
    const store = doorTo(eleven, (method, through) => {
      if (method === 'update' && away) throw new StoreUnavailableError('away');
      return through();
    });
    await world.node('n', withLedger(store, world.clock)).start();
    await world.clock.advance(10 * SECOND);
    expect(await eleven.get('s')).toMatchObject({ runCount: 0, nextRun: at(0) });
    away = false;
    await world.clock.advance(10 * SECOND);
    expect(await eleven.get('s')).toMatchObject({ runCount: 1, nextRun: at(10 * MINUTE) });
    expect(world.broker.taken).toHaveLength(1);
    await world.stop();
  });

  it('is not wrapped when it has a ledger of its own', async () => {
    const { world } = await setupEleven();
    expect(withLedger(world.backend, world.clock)).toBe(world.backend);
    await world.stop();
  });
});
