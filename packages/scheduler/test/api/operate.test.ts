import { describe, expect, it } from 'vitest';
import { after, claim, DAY, HOUR, MINUTE, START, setup, slotFiring, stored } from './setup.js';

describe('enabling and disabling', () => {
  it('a schedule that was disabled for a day runs next at its first slot after now (SC-11)', async () => {
    const { scheduler, backend, clock, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, cron: '0 * * * *' });
    await scheduler.disable('a');
    expect(await stored(backend, 'a')).toMatchObject({ enabled: false, nextRun: null });
    await clock.advance(DAY + MINUTE);
    await scheduler.enable('a');
    expect(await stored(backend, 'a')).toMatchObject({ enabled: true, nextRun: after(DAY + HOUR) });
  });

  it('an interval stays on its grid', async () => {
    const { scheduler, backend, clock, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: 7_000 });
    await scheduler.disable('a');
    await clock.advance(50_000);
    await scheduler.enable('a');
    expect(await stored(backend, 'a')).toMatchObject({ nextRun: after(56_000) });
  });

  it('writes nothing when it is so already', async () => {
    const { scheduler, backend, clock, tick } = setup();
    const made = await scheduler.schedule({ id: 'a', task: tick, every: '1h' });
    await clock.advance(2 * HOUR);
    await scheduler.enable('a');
    expect(await stored(backend, 'a')).toEqual(made);
    await scheduler.disable('a');
    const disabled = await stored(backend, 'a');
    await clock.advance(HOUR);
    await scheduler.disable('a');
    expect(await stored(backend, 'a')).toEqual(disabled);
  });

  it('does not bring back what is over', async () => {
    const { scheduler, backend, clock, tick } = setup();
    await scheduler.schedule({ id: 'runs', task: tick, every: '1h', maxRuns: 1 });
    await scheduler.schedule({ id: 'end', task: tick, every: '1h', endAt: after(2 * HOUR) });
    await scheduler.schedule({ id: 'once', task: tick, at: after(HOUR) });
    await clock.advance(HOUR);
    await claim(backend, 'runs', { nextRun: null, firings: (s) => [slotFiring(s, after(HOUR))] });
    await clock.advance(2 * HOUR);
    for (const id of ['runs', 'end', 'once']) {
      await scheduler.disable(id);
      await scheduler.enable(id);
      expect(await stored(backend, id)).toMatchObject({ id, enabled: true, nextRun: null });
    }
  });

  it('tries again what is enabled but broke', async () => {
    const { scheduler, backend, tick } = setup();
    const made = await scheduler.schedule({ id: 'a', task: tick, every: '1h' });
    await backend.update({ ...made, error: 'broken', nextRun: null });
    await scheduler.enable('a');
    expect(await stored(backend, 'a')).toMatchObject({ error: null, nextRun: after(HOUR) });
  });

  it('starts disabled when told to, at creation only', async () => {
    const { scheduler, tick } = setup();
    const made = await scheduler.schedule({ id: 'a', task: tick, every: '1h', enabled: false });
    expect(made).toMatchObject({ enabled: false, nextRun: null });
    await scheduler.enable('a');
    expect(await scheduler.schedule({ id: 'a', task: tick, every: '1h', enabled: false })).toMatchObject({
      enabled: true,
    });
  });

  it('says when there is no such schedule', async () => {
    const { scheduler } = setup();
    for (const refused of [
      scheduler.enable('a'),
      scheduler.disable('a'),
      scheduler.trigger('a'),
      scheduler.preview('a', 1),
    ])
      await expect(refused).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND', scheduleId: 'a' });
    expect(await scheduler.get('a')).toBeNull();
    expect(await scheduler.unschedule('a')).toBe(false);
    expect(await scheduler.history('a')).toEqual([]);
  });

  it('wins against nodes that advance the schedule meanwhile', async () => {
    const { scheduler, backend, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1s' });
    let interruptions = 10;
    const applyChanges = backend.applyChanges.bind(backend);
    backend.applyChanges = async (changes) => {
      const { nextRun } = await stored(backend, 'a');
      if (interruptions-- > 0 && nextRun)
        await backend.updateRunTimes('a', nextRun, new Date(nextRun.getTime() + 1_000));
      return applyChanges(changes);
    };
    await scheduler.disable('a');
    expect(interruptions).toBeLessThan(0);
    expect(await stored(backend, 'a')).toMatchObject({ enabled: false, nextRun: null, lastRun: after(10_000) });
  });

  it('gives up with a typed error when others always come first', async () => {
    const { scheduler, backend, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1s' });
    backend.applyChanges = async () => false;
    await expect(scheduler.disable('a')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/"a".*again/),
    });
  });
});

describe('removing', () => {
  it('leaves the history, and a new schedule of that id is a new one', async () => {
    const { scheduler, backend, clock, tick } = setup();
    const first = await scheduler.schedule({ id: 'a', task: tick, every: '1h' });
    await clock.advance(HOUR);
    await claim(backend, 'a', { nextRun: after(2 * HOUR), firings: (s) => [slotFiring(s, after(HOUR))] });
    expect(await scheduler.unschedule('a')).toBe(true);
    expect(await scheduler.get('a')).toBeNull();
    const second = await scheduler.schedule({ id: 'a', task: tick, every: '1h' });
    expect(second).toMatchObject({ runCount: 0, nextRun: after(2 * HOUR) });
    expect(second.incarnation).not.toBe(first.incarnation);
    expect(await scheduler.history('a')).toMatchObject([{ incarnation: first.incarnation, slot: after(HOUR) }]);
  });
});

describe('listing', () => {
  it('filters and pages, by id', async () => {
    const { scheduler, tick, report } = setup();
    await scheduler.schedule({ id: 'b', task: tick, every: '1h', owner: 'billing' });
    await scheduler.schedule({ id: 'a', task: report, every: '1h', args: ['all'], description: 'Every hour' });
    await scheduler.schedule({ id: 'c', task: tick, every: '1h', enabled: false });
    const ids = async (filter?: Parameters<typeof scheduler.list>[0]) =>
      (await scheduler.list(filter)).map(({ id }) => id);
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect(await ids({ taskName: 'tick' })).toEqual(['b', 'c']);
    expect(await ids({ owner: 'billing' })).toEqual(['b']);
    expect(await ids({ owner: null })).toEqual(['a', 'c']);
    expect(await ids({ enabled: false })).toEqual(['c']);
    expect(await ids({ text: 'every h' })).toEqual(['a']);
    expect(await ids({ text: '%' })).toEqual([]);
    expect(await ids({ limit: 1, offset: 1 })).toEqual(['b']);
  });
});

describe('a preview', () => {
  it('lists the next slots of a stored schedule', async () => {
    const { scheduler, clock, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, cron: '0 12 * * *', timeZone: 'America/New_York' });
    expect(await scheduler.preview('a', 2)).toEqual([after(17 * HOUR), after(DAY + 17 * HOUR)]);
    await clock.advance(17 * HOUR);
    expect(await scheduler.preview('a', 1)).toEqual([after(DAY + 17 * HOUR)]);
  });

  it('begins with the next run that was set, also where that is between the others', async () => {
    const { scheduler, backend, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1h', maxRuns: 3 });
    await backend.updateRunTimes('a', START, after(2.5 * HOUR));
    expect(await scheduler.preview('a', 10)).toEqual([after(2.5 * HOUR), after(3 * HOUR), after(4 * HOUR)]);
  });

  it('shows what a disabled schedule would do if it were enabled', async () => {
    const { scheduler, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1h', enabled: false });
    expect(await scheduler.preview('a', 2)).toEqual([after(HOUR), after(2 * HOUR)]);
  });

  it('ends with the schedule', async () => {
    const { scheduler, backend, clock, tick } = setup();
    await scheduler.schedule({ id: 'runs', task: tick, every: '1h', maxRuns: 3 });
    await scheduler.schedule({ id: 'end', task: tick, every: '1h', endAt: after(2 * HOUR) });
    await scheduler.schedule({ id: 'once', task: tick, at: after(HOUR) });
    await scheduler.schedule({ id: 'missed', task: tick, at: after(-HOUR) });
    expect(await scheduler.preview('runs', 10)).toHaveLength(3);
    expect(await scheduler.preview('end', 10)).toEqual([after(HOUR), after(2 * HOUR)]);
    expect(await scheduler.preview('once', 10)).toEqual([after(HOUR)]);
    expect(await scheduler.preview('missed', 10)).toEqual([after(-HOUR)]);
    await clock.advance(HOUR);
    await claim(backend, 'runs', { nextRun: after(2 * HOUR), firings: (s) => [slotFiring(s, after(HOUR))] });
    await claim(backend, 'once', { nextRun: null, firings: (s) => [slotFiring(s, after(HOUR))] });
    expect(await scheduler.preview('runs', 10)).toEqual([after(2 * HOUR), after(3 * HOUR)]);
    expect(await scheduler.preview('once', 10)).toEqual([]);
  });

  it('needs nothing stored', async () => {
    const { scheduler, backend, report } = setup();
    expect(await scheduler.preview({ task: report, args: ['all'], every: '1d', startAt: after(HOUR) }, 2)).toEqual([
      after(HOUR),
      after(DAY + HOUR),
    ]);
    expect(await backend.listAll()).toEqual([]);
  });

  it('of a year of minutes is complete', async () => {
    const { scheduler, clock, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, cron: '* * * * *', timeZone: 'Europe/London' });
    let last = START;
    let count = 0;
    while (last < after(365 * DAY)) {
      const slots = await scheduler.preview('a', 10_000);
      expect(slots[0]).toEqual(new Date(last.getTime() + MINUTE));
      last = slots.at(-1) ?? after(365 * DAY);
      count += slots.length;
      await clock.advance(last.getTime() - clock.now());
    }
    expect(count).toBe(Math.ceil((365 * DAY) / MINUTE / 10_000) * 10_000);
    expect(last).toEqual(after(count * MINUTE));
  });
});

describe('the history', () => {
  it('is the ledger, newest slot first, in pages', async () => {
    const { scheduler, backend, clock, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1h' });
    await clock.advance(3 * HOUR);
    const hours = [1, 2, 3];
    await claim(backend, 'a', {
      nextRun: after(4 * HOUR),
      firings: (s) => hours.map((hour) => slotFiring(s, after(hour * HOUR))),
    });
    expect((await scheduler.history('a')).map(({ slot }) => slot)).toEqual([3, 2, 1].map((h) => after(h * HOUR)));
    expect(await scheduler.history('a', { limit: 1, offset: 1 })).toMatchObject([{ slot: after(2 * HOUR) }]);
  });
});
