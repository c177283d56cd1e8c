import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { after, claim, DAY, HOUR, MINUTE, setup, slotFiring } from './setup.js';

/** A schedule of every hour whose first five hours are over; nothing is claimed yet. */
async function hourly() {
  const world = setup();
  await world.scheduler.schedule({ id: 'a', task: world.tick, cron: '0 * * * *' });
  await world.clock.advance(5 * HOUR + MINUTE);
  return world;
}

describe('explaining a slot', () => {
  it('that was enqueued names its task and its node', async () => {
    const { scheduler, backend } = await hourly();
    const [firing] = await claim(backend, 'a', {
      nextRun: after(6 * HOUR),
      firings: (s) => [slotFiring(s, after(HOUR))],
    });
    const text = (await scheduler.explain('a', after(HOUR))).text;
    expect(await scheduler.explain('a', after(HOUR))).toMatchObject({ outcome: 'claimed', firing });
    expect(text).toMatch(
      /^The slot of 2026-01-01T01:00:00.000Z was claimed by node "node-1" at 2026-01-01T05:01.*again\.$/,
    );
    if (firing) await backend.markFirings([firing], { state: 'submitted' });
    expect(await scheduler.explain('a', after(HOUR))).toMatchObject({
      outcome: 'submitted',
      text: expect.stringContaining(`as task "${firing?.id}" at 2026-01-01T05:01`),
    });
  });

  it('that was skipped, passed over or got lost says why', async () => {
    const { scheduler, backend } = await hourly();
    const [, lost] = await claim(backend, 'a', {
      nextRun: after(6 * HOUR),
      firings: (s) => [
        slotFiring(s, after(HOUR), {
          kind: 'passed-over',
          state: 'skipped',
          until: after(3 * HOUR),
          count: 3,
          reason: 'catch-up "latest" runs the newest only',
        }),
        slotFiring(s, after(4 * HOUR)),
        slotFiring(s, after(5 * HOUR), { state: 'skipped', reason: 'task "x" is live' }),
      ],
    });
    if (lost) await backend.markFirings([lost], { state: 'unknown', reason: 'found after an hour' });
    for (const hour of [1, 2, 3]) {
      expect(await scheduler.explain('a', after(hour * HOUR))).toMatchObject({
        outcome: 'passed-over',
        text: expect.stringMatching(/one of 3 from 2026-01-01T01:.* to 2026-01-01T03:.*: catch-up "latest" runs/),
        firing: { count: 3 },
      });
    }
    expect(await scheduler.explain('a', after(2.5 * HOUR))).toMatchObject({ outcome: 'not-a-slot', firing: null });
    expect(await scheduler.explain('a', after(4 * HOUR))).toMatchObject({
      outcome: 'unknown',
      text: expect.stringContaining('is unknown: found after an hour.'),
    });
    expect(await scheduler.explain('a', after(5 * HOUR))).toMatchObject({
      outcome: 'skipped',
      text: expect.stringContaining('was skipped by node "node-1" at 2026-01-01T05:01:00.000Z: task "x" is live.'),
    });
  });

  it('that a node left out is told in sentences that end once', async () => {
    const { app, clock, scheduler, tick } = setup({ node: 'n' });
    await scheduler.scheduleInterval('1h', tick, { id: 'three' });
    await scheduler.scheduleOnce(after(HOUR), tick, { id: 'one', catchUp: 'skip' });
    await clock.advance(4 * HOUR);
    await app.start();
    await vi.waitFor(async () => expect(await scheduler.history('one')).toHaveLength(1));
    const at = 'was passed over by node "n" at 2026-01-01T04:00:00.000Z';
    expect((await scheduler.explain('three', after(2 * HOUR))).text).toBe(
      'The slot of 2026-01-01T02:00:00.000Z, one of 3 from 2026-01-01T01:00:00.000Z to 2026-01-01T03:00:00.000Z, ' +
        `${at}: Catch-up "latest": of overdue slots only the newest runs.`,
    );
    expect((await scheduler.explain('one', after(HOUR))).text).toBe(
      `The slot of 2026-01-01T01:00:00.000Z ${at}: Catch-up "skip": overdue slots do not run.`,
    );
    await app.stop();
  });

  it('tells a trigger by hand from a slot', async () => {
    const { scheduler, backend } = await hourly();
    const byHand = after(5 * HOUR + MINUTE);
    await claim(backend, 'a', { nextRun: after(HOUR), firings: (s) => [slotFiring(s, byHand, { kind: 'manual' })] });
    expect(await scheduler.explain('a', byHand)).toMatchObject({
      outcome: 'claimed',
      text: expect.stringContaining('The trigger by hand of 2026-01-01T05:01'),
    });
    await claim(backend, 'a', {
      nextRun: after(6 * HOUR),
      firings: (s) => [
        slotFiring(s, after(4 * HOUR), { kind: 'manual' }),
        slotFiring(s, after(4 * HOUR), { state: 'skipped' }),
      ],
    });
    expect(await scheduler.explain('a', after(4 * HOUR))).toMatchObject({
      outcome: 'skipped',
      firing: { kind: 'slot' },
    });
  });

  it('tells a range that was passed over from a trigger by hand in it', async () => {
    const { scheduler, backend } = await hourly();
    await claim(backend, 'a', {
      nextRun: after(6 * HOUR),
      firings: (s) => [
        slotFiring(s, after(2 * HOUR), { kind: 'manual' }),
        slotFiring(s, after(HOUR), { kind: 'passed-over', state: 'skipped', until: after(5 * HOUR), count: 5 }),
      ],
    });
    expect(await scheduler.explain('a', after(2 * HOUR))).toMatchObject({ outcome: 'passed-over' });
    await claim(backend, 'a', { nextRun: after(7 * HOUR), firings: (s) => [slotFiring(s, after(2 * HOUR))] });
    expect(await scheduler.explain('a', after(2 * HOUR))).toMatchObject({ firing: { kind: 'slot' } });
  });

  it('finds it far back in a long ledger', async () => {
    const { scheduler, backend, clock, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1m' });
    await clock.advance(DAY);
    await claim(backend, 'a', {
      nextRun: after(DAY + MINUTE),
      firings: (s) => Array.from({ length: 1_440 }, (_, i) => slotFiring(s, after((i + 1) * MINUTE))),
    });
    expect(await scheduler.explain('a', after(7 * MINUTE))).toMatchObject({ firing: { slot: after(7 * MINUTE) } });
  });

  it('of the schedule that had the id before still knows', async () => {
    const { scheduler, backend, tick } = await hourly();
    await claim(backend, 'a', { nextRun: after(6 * HOUR), firings: (s) => [slotFiring(s, after(HOUR))] });
    await scheduler.unschedule('a');
    expect(await scheduler.explain('a', after(HOUR))).toMatchObject({ outcome: 'claimed' });
    expect(await scheduler.explain('a', after(2 * HOUR))).toMatchObject({ outcome: 'not-found', firing: null });
    await scheduler.schedule({ id: 'a', task: tick, every: '1d' });
    expect(await scheduler.explain('a', after(HOUR))).toMatchObject({ outcome: 'claimed' });
  });

  it('that is due says what may hold it up', async () => {
    const { scheduler, backend } = await hourly();
    expect(await scheduler.explain('a', after(2 * HOUR))).toMatchObject({
      outcome: 'due',
      text: expect.stringMatching(/due and not claimed yet.*knows task "tick"/),
    });
    const { revision: _, ...row } = { ...(await scheduler.get('a')) } as never as { revision: number };
    await backend.update({ ...row, error: 'no node knows its task' } as never);
    expect(await scheduler.explain('a', after(2 * HOUR))).toMatchObject({
      outcome: 'due',
      text: expect.stringContaining('cannot fire: no node knows its task'),
    });
  });

  it('to come is upcoming, if it will run', async () => {
    const { scheduler, tick } = await hourly();
    expect(await scheduler.explain('a', after(9 * HOUR))).toMatchObject({ outcome: 'upcoming' });
    await scheduler.schedule({ id: 'few', task: tick, cron: '0 * * * *', maxRuns: 2 });
    expect(await scheduler.explain('few', after(7 * HOUR))).toMatchObject({ outcome: 'upcoming' });
    expect(await scheduler.explain('few', after(8 * HOUR))).toMatchObject({
      outcome: 'not-recorded',
      text: expect.stringContaining('may run 2 times'),
    });
    await scheduler.disable('a');
    expect(await scheduler.explain('a', after(9 * HOUR))).toMatchObject({
      outcome: 'not-recorded',
      text: expect.stringContaining('unless it is enabled'),
    });
  });

  it('of the year 9998 leaves the event loop to others while it counts up to it', async () => {
    const { scheduler, tick } = setup();
    const often = { id: 'often', task: tick, cron: '0 7 * * *', timeZone: 'Europe/Berlin', maxRuns: 10_000_000 };
    await scheduler.schedule(often);
    let longest = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    onTestFinished(() => clearInterval(watch));
    const far = await scheduler.explain('often', new Date('9998-01-01T06:00:00Z'));
    expect(far).toMatchObject({ outcome: 'upcoming' });
    longest = Math.max(longest, performance.now() - last);
    expect(longest).toBeLessThan(1_000);
    await scheduler.schedule({ ...often, maxRuns: 100 });
    expect(await scheduler.explain('often', new Date('9998-01-01T06:00:00Z'))).toMatchObject({
      outcome: 'not-recorded',
      text: expect.stringContaining('may run 100 times'),
    });
  }, 60_000);

  it('of a schedule whose next run was set counts from there, also where that is between the others', async () => {
    const { scheduler, backend, tick } = await hourly();
    await scheduler.schedule({ id: 'few', task: tick, cron: '0 * * * *', maxRuns: 2 });
    await backend.updateRunTimes('few', after(5 * HOUR), after(8.5 * HOUR));
    expect(await scheduler.explain('few', after(8 * HOUR))).toMatchObject({
      outcome: 'not-recorded',
      text: 'The ledger has nothing of the slot of 2026-01-01T08:00:00.000Z: the next run was set to 2026-01-01T08:30:00.000Z, which is after it.',
    });
    for (const hour of [8.5, 9])
      expect(await scheduler.explain('few', after(hour * HOUR))).toMatchObject({ outcome: 'upcoming' });
    expect(await scheduler.explain('few', after(10 * HOUR))).toMatchObject({ outcome: 'not-recorded' });
  });

  it('that the ledger does not have says why that can be', async () => {
    const { scheduler, backend } = await hourly();
    await claim(backend, 'a', { nextRun: after(6 * HOUR), firings: () => [] });
    expect(await scheduler.explain('a', after(2 * HOUR))).toMatchObject({
      outcome: 'not-recorded',
      text: expect.stringContaining('too old to keep'),
    });
    expect(await scheduler.explain('a', after(-HOUR))).toMatchObject({
      outcome: 'not-recorded',
      text: expect.stringContaining('created later, at 2026-01-01T00:00:00.000Z'),
    });
  });

  it('that is none names its neighbours', async () => {
    const { scheduler, tick } = await hourly();
    expect(await scheduler.explain('a', after(HOUR + 1))).toEqual({
      outcome: 'not-a-slot',
      text: '2026-01-01T01:00:00.001Z is not a slot: the one before is 2026-01-01T01:00:00.000Z, the next one is 2026-01-01T02:00:00.000Z.',
      firing: null,
    });
    await scheduler.schedule({ id: 'once', task: tick, at: after(DAY) });
    expect(await scheduler.explain('once', after(2 * DAY))).toMatchObject({
      outcome: 'not-a-slot',
      text: expect.stringMatching(/the one before is 2026-01-02T.*there is none after/),
    });
  });

  it('of a schedule that cannot be read says so', async () => {
    const { scheduler, backend } = await hourly();
    const schedule = await scheduler.get('a');
    if (schedule) await backend.update({ ...schedule, schedule: 'nonsense' });
    expect(await scheduler.explain('a', after(HOUR))).toMatchObject({
      outcome: 'not-a-slot',
      text: expect.stringContaining('cannot be read'),
    });
  });
});
