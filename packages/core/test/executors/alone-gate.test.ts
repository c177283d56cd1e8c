import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { AloneGate } from '../../src/executors/alone-gate.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

const PATIENCE = 1_000;

/** Whether the promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

function setup() {
  const clock = new ManualClock();
  const gate = new AloneGate(clock, PATIENCE);
  const [asking, other] = [{ lane: 'asking' }, { lane: 'other' }];
  const enter = async (lane: object = other) => {
    const permit = await gate.enter(lane);
    if (!permit) throw new Error('the gate is closed');
    return permit;
  };
  return { clock, gate, enter, asking, other };
}

describe('AloneGate', () => {
  it('lets lanes claim side by side, none of them alone, while nobody asks', async () => {
    const { enter } = setup();
    expect(await Promise.all([enter(), enter(), enter()])).toEqual(Array(3).fill({ alone: false }));
  });

  it('keeps everybody out until the process is empty, once a lane has asked; then that lane comes in alone', async () => {
    const { gate, enter, asking, other } = setup();
    gate.leave(await enter(), 2, false);
    expect(gate.requestAlone(asking)).toBe(true);
    const [first, second] = [enter(other), enter(asking)];
    gate.done();
    expect(await settled(Promise.race([first, second]))).toBe(false);
    gate.done();
    expect(await second).toEqual({ alone: true });
    expect(await settled(first)).toBe(false);
  });

  it('waits for claims that are under way, too', async () => {
    const { gate, enter, asking } = setup();
    const claiming = await enter();
    gate.requestAlone(asking);
    const alone = enter(asking);
    expect(await settled(alone)).toBe(false);
    gate.leave(claiming, 0, false);
    expect(await alone).toEqual({ alone: true });
  });

  it('keeps the others out while the task runs that must stay alone', async () => {
    const { gate, enter, asking } = setup();
    gate.requestAlone(asking);
    gate.leave(await enter(asking), 1, true);
    const next = enter();
    expect(await settled(next)).toBe(false);
    gate.done();
    expect(await next).toEqual({ alone: false });
  });

  it('goes on as usual when the claim brought nothing that must stay alone', async () => {
    const { gate, enter, asking } = setup();
    gate.requestAlone(asking);
    gate.leave(await enter(asking), 3, false);
    expect(await enter()).toEqual({ alone: false });
    expect(gate.requestAlone(asking)).toBe(true);
  });

  it('gives up after its patience, so that a long task does not idle the process, and may be asked again later', async () => {
    const { gate, enter, asking, clock } = setup();
    gate.leave(await enter(), 1, false);
    gate.requestAlone(asking);
    const next = enter();
    await clock.advance(PATIENCE);
    expect(await next).toEqual({ alone: false });
    expect(gate.requestAlone(asking)).toBe(false);
    await clock.advance(PATIENCE);
    expect(gate.requestAlone(asking)).toBe(true);
  });

  it('may be asked again as soon, though the clock of the machine was set back by an hour meanwhile (BK-14, BK-19)', async () => {
    const clock = new ManualClock();
    let setBack = 0;
    const stepping: Clock = { now: () => clock.now() - setBack, after: clock.after.bind(clock) };
    const gate = new AloneGate(stepping, PATIENCE);
    gate.requestAlone({});
    await clock.advance(PATIENCE);
    setBack = 3_600_000;
    expect(gate.requestAlone({})).toBe(false);
    await clock.advance(PATIENCE);
    expect(gate.requestAlone({})).toBe(true);
  });

  it('serves one request at a time', () => {
    const { gate, asking, other } = setup();
    expect(gate.requestAlone(asking)).toBe(true);
    expect(gate.requestAlone(other)).toBe(false);
  });

  it('lets everybody out when it closes', async () => {
    const { gate, enter, asking, other } = setup();
    gate.requestAlone(asking);
    gate.leave(await enter(asking), 1, true);
    const waiting = gate.enter(other);
    gate.close();
    expect(await waiting).toBeNull();
    expect(await gate.enter(other)).toBeNull();
  });
});
