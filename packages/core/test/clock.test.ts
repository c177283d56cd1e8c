import { describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../src/clock.js';
import { ManualClock } from '../src/testing/manual-clock.js';

describe('systemClock', () => {
  it('does not fire a timer of forty days at once, as setTimeout would (SC-09)', async () => {
    let fired = false;
    const timer = systemClock.after(40 * 86_400_000, () => (fired = true));
    await sleep(systemClock, 20);
    timer.cancel();
    expect(fired).toBe(false);
  });
});

describe('sleep', () => {
  it('rejects with the reason as soon as its signal aborts', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 1_000, { signal: controller.signal });
    controller.abort('enough');
    await expect(sleeping).rejects.toMatchObject({ code: 'WAIT_ABORTED', cause: 'enough' });
    await expect(sleep(clock, 1, { signal: controller.signal })).rejects.toMatchObject({ code: 'WAIT_ABORTED' });
  });
});

describe('ManualClock', () => {
  it('fires timers in the order of their time, each seeing its own time', async () => {
    const clock = new ManualClock(0);
    const seen: number[] = [];
    clock.after(30, () => seen.push(clock.now()));
    clock.after(10, () => {
      seen.push(clock.now());
      clock.after(5, () => seen.push(clock.now()));
    });
    await clock.advance(29);
    expect(seen).toEqual([10, 15]);
    await clock.advance(1);
    expect(seen).toEqual([10, 15, 30]);
  });

  it('moves by a duration: milliseconds, or a text with a unit', async () => {
    const clock = new ManualClock(0);
    let fired = false;
    clock.after(7_200_000, () => (fired = true));
    await clock.advance('1h');
    expect([clock.now(), fired]).toEqual([3_600_000, false]);
    await clock.advance(3_600_000);
    expect([clock.now(), fired]).toEqual([7_200_000, true]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '500', 'soon', null])(
    'refuses to move by %s, and stands still',
    async (by) => {
      const clock = new ManualClock(5);
      await expect(clock.advance(by as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', argument: 'by' });
      expect(clock.now()).toBe(5);
    },
  );

  it.each([Number.NaN, new Date('soon'), 'soon'])('refuses to begin at %s', (start) => {
    expect(() => new ManualClock(start as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', argument: 'start' }),
    );
  });
});
