import { describe, expect, it } from 'vitest';
import { after, claim, HOUR, MINUTE, START, setup, slotFiring, stored } from './setup.js';

describe('registering again', () => {
  it('writes nothing when nothing changed', async () => {
    const { scheduler, backend, clock, report } = setup();
    const definition = { id: 'a', task: report, cron: '0 * * * *', args: ['all'] as [string] };
    const first = await scheduler.schedule(definition);
    await clock.advance(10 * MINUTE);
    expect(await scheduler.schedule({ ...definition })).toEqual(first);
    expect(await stored(backend, 'a')).toEqual(first);
  });

  it('takes -0 for 0, which is all that a database has', async () => {
    const { scheduler, report } = setup();
    const definition = { id: 'a', task: report, cron: '@daily', args: ['all'] as [string] };
    await scheduler.schedule({ ...definition, priority: 0, retries: 0, jitter: 0 });
    const again = await scheduler.schedule({ ...definition, priority: -0, retries: -0, jitter: -0 });
    expect(again).toMatchObject({ revision: 1, priority: 0, retries: 0, jitter: 0 });
  });

  it('changes what differs, and keeps what belongs to the schedule', async () => {
    const { scheduler, backend, clock, report } = setup();
    const first = await scheduler.schedule({ id: 'a', task: report, cron: '0 * * * *', args: ['all'] });
    await clock.advance(HOUR + MINUTE);
    await claim(backend, 'a', { nextRun: after(2 * HOUR), firings: (s) => [slotFiring(s, after(HOUR))] });
    const changed = await scheduler.schedule({
      id: 'a',
      task: report,
      cron: '0 * * * *',
      args: ['one'],
      queue: 'slow',
    });
    expect(changed).toEqual(await stored(backend, 'a'));
    expect(changed).toMatchObject({
      args: ['one'],
      queue: 'slow',
      revision: 2,
      incarnation: first.incarnation,
      createdAt: START,
      updatedAt: after(HOUR + MINUTE),
      runCount: 1,
      lastRun: after(HOUR),
      nextRun: after(2 * HOUR),
    });
  });

  it('keeps an overdue next run, unless the times changed', async () => {
    const { scheduler, clock, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, cron: '0 * * * *' });
    await clock.advance(5 * HOUR);
    expect(await scheduler.schedule({ id: 'a', task: tick, cron: '0 * * * *', priority: 1 })).toMatchObject({
      nextRun: after(HOUR),
    });
    expect(await scheduler.schedule({ id: 'a', task: tick, cron: '30 * * * *' })).toMatchObject({
      nextRun: after(5.5 * HOUR),
    });
    expect(
      await scheduler.schedule({ id: 'a', task: tick, cron: '30 * * * *', timeZone: 'Asia/Kathmandu' }),
    ).toMatchObject({ nextRun: after(5.75 * HOUR) });
    const startAt = after(9 * HOUR);
    expect(
      await scheduler.schedule({ id: 'a', task: tick, cron: '30 * * * *', timeZone: 'Asia/Kathmandu', startAt }),
    ).toMatchObject({ nextRun: after(9.75 * HOUR) });
  });

  it('leaves a disabled schedule disabled, also when its times change', async () => {
    const { scheduler, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1h', enabled: true });
    await scheduler.disable('a');
    expect(await scheduler.schedule({ id: 'a', task: tick, every: '2h', enabled: true })).toMatchObject({
      enabled: false,
      nextRun: null,
      schedule: '7200000',
    });
  });

  it('ends or opens a schedule with its limits', async () => {
    const { scheduler, backend, clock, tick } = setup();
    const definition = { id: 'a', task: tick, every: HOUR };
    await scheduler.schedule(definition);
    await clock.advance(HOUR);
    await claim(backend, 'a', { nextRun: after(2 * HOUR), firings: (s) => [slotFiring(s, after(HOUR))] });
    const nextRun = async (limits: { maxRuns?: number; endAt?: Date }) =>
      (await scheduler.schedule({ ...definition, ...limits })).nextRun;
    expect(await nextRun({ maxRuns: 1 })).toBeNull();
    expect(await nextRun({ maxRuns: 2 })).toEqual(after(2 * HOUR));
    expect(await nextRun({ endAt: after(1.5 * HOUR) })).toBeNull();
    expect(await nextRun({ endAt: after(2 * HOUR) })).toEqual(after(2 * HOUR));
    await clock.advance(3 * HOUR);
    expect(await nextRun({})).toEqual(after(2 * HOUR));
    expect(await nextRun({ endAt: after(1.5 * HOUR) })).toBeNull();
    // What went by while it was over stays missed.
    expect(await nextRun({})).toEqual(after(5 * HOUR));
  });

  it('lets a one-time schedule run, once, when its call was refused and is not any more', async () => {
    const { scheduler, clock, app } = setup();
    const ran: unknown[] = [];
    let strict = true;
    const validate = (value: unknown) => (strict ? { issues: [{ message: 'must be a number' }] } : { value });
    const schema = { args: { '~standard': { version: 1 as const, vendor: 'test', validate } } };
    app.task('picky', { schema }, (what: string) => void ran.push(what));
    const definition = { id: 'a', task: 'picky', at: after(HOUR), args: ['it'] };
    strict = false;
    await scheduler.schedule(definition);
    strict = true;
    await app.start();
    await clock.advance(HOUR);
    expect(await scheduler.history('a')).toMatchObject([{ slot: after(HOUR), state: 'skipped' }]);
    strict = false;
    for (let times = 0; times < 3; times++) {
      const { nextRun } = await scheduler.schedule(definition);
      expect(nextRun).toEqual(times === 0 ? after(HOUR) : null);
      await clock.advance(10 * MINUTE);
      expect(ran).toEqual(['it']);
    }
    expect(await scheduler.explain('a', after(HOUR))).toMatchObject({ outcome: 'submitted' });
    await app.stop();
  });

  it('gives a one-time schedule that ran no next run, whatever error it shows since and wherever its date was meanwhile', async () => {
    const { scheduler, backend, clock, tick } = setup();
    const definition = { id: 'a', task: tick, at: after(HOUR) };
    await scheduler.schedule(definition);
    await clock.advance(HOUR);
    await claim(backend, 'a', { nextRun: null, firings: (s) => [slotFiring(s, after(HOUR))] });
    await backend.update({ ...(await stored(backend, 'a')), error: 'No task "tick" is registered here.' });
    expect(await scheduler.schedule(definition)).toMatchObject({ error: null, nextRun: null });
    expect((await scheduler.schedule({ ...definition, at: after(3 * HOUR) })).nextRun).toEqual(after(3 * HOUR));
    expect((await scheduler.schedule(definition)).nextRun).toBeNull();
  });

  it('lets what could not fire try again', async () => {
    const { scheduler, backend, clock, tick } = setup();
    const error = 'its arguments were refused';
    const definitions = [
      { id: 'a', task: tick, every: HOUR },
      { id: 'b', task: tick, at: after(HOUR) },
    ] as const;
    for (const definition of definitions) {
      const { nextRun, ...read } = await scheduler.schedule(definition);
      const decision = { ...read, scheduleId: read.id, dueAt: nextRun, nextRun: null, error, firings: [] };
      await backend.claimDue([decision], { node: 'n' });
    }
    await clock.advance(90 * MINUTE);
    for (const definition of definitions) await scheduler.schedule(definition);
    expect(await stored(backend, 'a')).toMatchObject({ error: null, nextRun: after(2 * HOUR) });
    expect(await stored(backend, 'b')).toMatchObject({ error: null, nextRun: after(HOUR) });
  });
});
