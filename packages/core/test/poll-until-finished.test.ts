import { describe, expect, it } from 'vitest';
import { pollUntilFinished } from '../src/backends/poll-until-finished.js';
import type { Clock } from '../src/clock.js';
import { ManualClock } from '../src/testing/manual-clock.js';

describe('pollUntilFinished', () => {
  it('ends in time, though the clock of the machine was set back by an hour meanwhile (RB-03)', async () => {
    const clock = new ManualClock();
    let setBack = 0;
    const stepping: Clock = { now: () => clock.now() - setBack, after: clock.after.bind(clock) };
    const nothing = { get: async () => null };
    const waited = pollUntilFinished(nothing, 'a', { timeout: 2_500, clock: stepping }).catch((err: unknown) => err);
    await clock.advance(1_000);
    setBack = 3_600_000;
    await clock.advance(1_500);
    const pending = new Promise((resolve) => setImmediate(() => resolve('it still waits')));
    expect(await Promise.race([waited, pending])).toMatchObject({ code: 'WAIT_TIMEOUT' });
  });

  it('looks once, and waits for nothing, with no time to wait', async () => {
    let looks = 0;
    const counting = {
      get: async () => {
        looks++;
        return null;
      },
    };
    const clock = new ManualClock();
    await expect(pollUntilFinished(counting, 'a', { timeout: 0, clock })).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
    });
    expect(looks).toBe(1);
  });
});
