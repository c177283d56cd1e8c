import { describe, expect, it } from 'vitest';
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
  const enter = async () => {
    const permit = await gate.enter();
    if (!permit) throw new Error('the gate is closed');
    return permit;
  };
  return { clock, gate, enter };
}

describe('AloneGate', () => {
  it('says that a claim is alone only while nothing runs and nobody else claims', async () => {
    const { gate, enter } = setup();
    const first = await enter();
    expect(first.alone).toBe(true);
    gate.leave(first, 1, false);
    const second = await enter();
    expect(second.alone).toBe(false);
    gate.leave(second, 0, false);
    gate.done();
    expect((await enter()).alone).toBe(true);
  });

  it('lets nobody in while a claim that is alone is under way', async () => {
    const { gate, enter } = setup();
    const first = await enter();
    const second = enter();
    expect(await settled(second)).toBe(false);
    gate.leave(first, 0, false);
    expect((await second).alone).toBe(true);
  });

  it('lets nobody in while a task runs that must stay alone', async () => {
    const { gate, enter } = setup();
    gate.leave(await enter(), 1, true);
    const next = enter();
    expect(await settled(next)).toBe(false);
    gate.done();
    expect((await next).alone).toBe(true);
  });

  it('holds claims back until the process is empty, when a message waits for that', async () => {
    const { gate, enter } = setup();
    gate.leave(await enter(), 2, false);
    gate.requestAlone();
    const next = enter();
    gate.done();
    expect(await settled(next)).toBe(false);
    gate.done();
    expect((await next).alone).toBe(true);
  });

  it('gives up after its patience, so that a long task does not idle the process, and asks again later', async () => {
    const { gate, enter, clock } = setup();
    gate.leave(await enter(), 1, false);
    gate.requestAlone();
    const next = enter();
    await clock.advance(PATIENCE);
    const permit = await next;
    expect(permit.alone).toBe(false);
    gate.leave(permit, 0, false);
    gate.requestAlone();
    expect(await settled(enter())).toBe(true);
    await clock.advance(PATIENCE);
    gate.requestAlone();
    expect(await settled(enter())).toBe(false);
  });

  it('lets everybody out when it closes', async () => {
    const { gate, enter } = setup();
    gate.leave(await enter(), 1, true);
    const waiting = gate.enter();
    gate.close();
    expect(await waiting).toBeNull();
    expect(await gate.enter()).toBeNull();
  });
});
