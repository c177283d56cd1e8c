import { afterEach, describe, expect, it } from 'vitest';
import { doorTo, HOUR, range, SECOND, START, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

const DUE = 10_000;
const due = () => range(1, DUE, 1).map((n) => schedule(`s${n}`, { schedule: String(HOUR), nextRun: new Date(START) }));

/** Lets the event loop turn until everything was enqueued. */
async function allEnqueued(): Promise<void> {
  while (world.broker.taken.length < DUE) await world.clock.advance(0);
}

describe('Ten thousand schedules', () => {
  it('that are due at once are all enqueued, each once, in few claims', async () => {
    world = await setup();
    await world.create(...due());
    const calls = new Map<string, number>();
    const counted = doorTo(world.backend, (method, through) => {
      calls.set(method, (calls.get(method) ?? 0) + 1);
      return through();
    });
    await world.node('n', counted).start();
    await allEnqueued();
    await world.clock.advance(SECOND);
    expect(new Set(world.broker.taken.map(({ id }) => id)).size).toBe(DUE);
    expect(world.broker.taken).toHaveLength(DUE);
    expect((await world.backend.unsubmittedFirings({ olderThan: 0, limit: 1 })).length).toBe(0);
    // Batches of 500 schedules, claimed and marked each at once.
    expect(calls.get('claimDue')).toBe(20);
    expect(calls.get('readDue')).toBe(20);
    expect(calls.get('markFirings')).toBe(20);
  });

  it('are shared by three nodes that read the same rows', async () => {
    world = await setup();
    await world.create(...due());
    await Promise.all(['a', 'b', 'c'].map((name) => world.node(name).start()));
    await allEnqueued();
    await world.clock.advance(SECOND);
    expect(world.broker.taken).toHaveLength(DUE);
  });

  it('do not stand in the way of others while the queue of their tasks is full', async () => {
    world = await setup({ broker: { maxQueueSize: 5 } });
    const narrow = { queue: 'narrow', schedule: String(HOUR), nextRun: new Date(START) };
    await world.create(...range(1, 2_000, 1).map((n) => schedule(`narrow-${n}`, narrow)));
    await world.create(schedule('wide', { queue: 'wide' }));
    await world.node().start();
    // As long as something due has to wait, the node looks every second.
    await world.clock.advance(6 * SECOND - 1);
    expect(await world.enqueued('wide')).toEqual(range(SECOND, 5 * SECOND, SECOND));
  });

  it('do not stand in the way of others when they were claimed before their queue was full', async () => {
    world = await setup({ broker: { maxQueueSize: 1 } });
    await world.create(schedule('narrow', { queue: 'narrow' }), schedule('wide', { queue: 'wide' }));
    const claimed = (id: string) =>
      ({ id, until: null, count: 1, kind: 'slot', state: 'claimed', reason: null }) as const;
    for (const [id, count] of [
      ['narrow', 4_000],
      ['wide', 1],
    ] as const) {
      const { incarnation, revision, nextRun } = await world.row(id);
      const firings = range(1, count, 1).map((n) => ({ ...claimed(`${id}-${n}`), slot: new Date(START - n) }));
      const decision = { scheduleId: id, incarnation, revision, dueAt: nextRun, nextRun: null, error: null, firings };
      await world.backend.claimDue([decision], { node: 'dead' });
      await world.clock.advance(1);
    }
    await world.app.submit('tick', ['fills it'], { queue: 'narrow' });
    await world.node().start();
    // A sweep every five seconds: the first that finds the queue full, and those that look behind what waits for it.
    await world.clock.advance(20 * SECOND);
    expect(world.broker.taken.map(({ id }) => id)).toContain('wide-1');
  });

  it('wait in the store, not in the ledger, when the broker begins to refuse in between', async () => {
    world = await setup();
    await world.create(...due());
    const store = doorTo(world.backend, async (method, through) => {
      const reply = await through();
      if (method === 'claimDue' && world.broker.taken.length > 3_000) world.broker.down = true;
      return reply;
    });
    await world.node('n', store).start();
    for (let n = 0; n < 100; n++) await world.clock.advance(10);
    const unsubmitted = await world.backend.unsubmittedFirings({ olderThan: 0, limit: DUE });
    expect(unsubmitted.length).toBeGreaterThan(0);
    expect(unsubmitted.length).toBeLessThanOrEqual(1_000);
    // Those that were under way together found out; the rest was not tried.
    expect(world.broker.pushes - world.broker.taken.length).toBeLessThanOrEqual(200);
  });
});
