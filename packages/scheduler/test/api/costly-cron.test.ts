import { expect, it } from 'vitest';
import { setup } from './setup.js';

const all = (min: number, max: number): string => Array.from({ length: max - min + 1 }, (_, i) => min + i).join(',');

/** Expressions whose next slot is far away, or that are as long as they may be. */
const KINDS = [
  (n: number) => `${n % 60} ${n % 60} 23 29 2 *`,
  // A fifth weekday of February comes with a leap day, every 28 years or so.
  (n: number) => `${n % 60} ${n % 60} ${n % 24} * 2 ${n % 7}#5`,
  (n: number) => `${n % 60} 59 2 31 12 *`,
  (n: number) => `${all(0, 59)} ${all(0, 59)} ${all(0, 23)} ${all(1, 31)} ${all(1, 12)} ${n % 7}`,
];

/** A tenth of it is promised; the rest is for a busy machine. In milliseconds. */
const BOUND = 1_000;

it('a thousand of the worst expressions are registered, each in a moment, and a text of 2 KB is refused in none (CR-11)', async () => {
  const { scheduler, tick } = setup();
  let slowest = 0;
  for (let n = 0; n < 1_000; n++) {
    const cron = KINDS[n % KINDS.length]?.(n) ?? '';
    const began = performance.now();
    const { nextRun } = await scheduler.schedule({
      id: `job-${n}`,
      task: tick,
      cron,
      seconds: true,
      timeZone: 'Europe/Berlin',
    });
    slowest = Math.max(slowest, performance.now() - began);
    expect(nextRun?.getTime()).toBeGreaterThan(0);
  }
  expect(slowest).toBeLessThan(BOUND);
  const began = performance.now();
  const refused = scheduler.schedule({ task: tick, cron: `${'1,'.repeat(1_000)}1 * * * *` });
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', argument: 'cron' });
  expect(performance.now() - began).toBeLessThan(BOUND);
  expect(await scheduler.list()).toHaveLength(1_000);
});
