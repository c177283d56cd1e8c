import { describe, expect, it, vi } from 'vitest';
import { defineSchedule } from '../../src/registration/schedule-definition.js';
import { after, claim, DAY, HOUR, setup, slotFiring, stored } from './setup.js';

function declared() {
  const world = setup();
  const { tick, report, mail } = world;
  const list = [
    defineSchedule({ id: 'hourly', task: tick, cron: '0 * * * *' }),
    defineSchedule({ id: 'daily', task: report, cron: '@daily', args: ['all'] }),
    defineSchedule({ task: mail, every: '2h', args: ['ada@example.com'], kwargs: { subject: 's' } }),
  ];
  return { ...world, list, owner: { owner: 'billing' } };
}

describe('a plan', () => {
  it('shows what would be created, with the next slots, and writes nothing', async () => {
    const { scheduler, backend, list, owner } = declared();
    const plan = await scheduler.plan(list, owner);
    expect(plan.created.map(({ schedule, next }) => [schedule.id, next])).toEqual([
      ['hourly', [after(HOUR), after(2 * HOUR), after(3 * HOUR)]],
      ['daily', [after(DAY), after(2 * DAY), after(3 * DAY)]],
      [expect.stringMatching(/^auto-/), [after(2 * HOUR), after(4 * HOUR), after(6 * HOUR)]],
    ]);
    expect(plan).toMatchObject({ changed: [], removed: [], unchanged: [], undeclared: [] });
    expect(await backend.listAll()).toEqual([]);
  });

  it('shows what would change, by field and by slot, and what would go', async () => {
    const { scheduler, list, owner, tick } = declared();
    await scheduler.apply(list, owner);
    const changed = [
      defineSchedule({ id: 'hourly', task: tick, cron: '30 * * * *', priority: 2 }),
      ...list.slice(1, 2),
      defineSchedule({ id: 'new', task: tick, at: after(DAY) }),
    ];
    const plan = await scheduler.plan(changed, { ...owner, prune: true });
    expect(plan.changed).toMatchObject([
      {
        before: { id: 'hourly', schedule: '0 * * * *', priority: null },
        after: { id: 'hourly', schedule: '30 * * * *', priority: 2 },
        fields: ['schedule', 'priority'],
        nextBefore: [after(HOUR), after(2 * HOUR), after(3 * HOUR)],
        nextAfter: [after(0.5 * HOUR), after(1.5 * HOUR), after(2.5 * HOUR)],
      },
    ]);
    expect(plan.created).toMatchObject([{ schedule: { id: 'new' }, next: [after(DAY)] }]);
    expect(plan.removed).toMatchObject([{ schedule: { taskName: 'mail' }, next: [after(2 * HOUR), {}, {}] }]);
    expect(plan.unchanged).toMatchObject([{ id: 'daily' }]);
    const mild = await scheduler.plan(changed, owner);
    expect(mild.removed).toEqual([]);
    expect(mild.undeclared).toEqual(plan.removed.map(({ schedule }) => schedule));
  });

  it('copes with a stored schedule that cannot be read', async () => {
    const { scheduler, backend, list, owner } = declared();
    await scheduler.apply(list, owner);
    await scheduler.disable('hourly');
    await backend.update({ ...(await stored(backend, 'hourly')), schedule: 'nonsense' });
    const plan = await scheduler.plan(list, owner);
    expect(plan.changed).toMatchObject([{ fields: ['schedule'], nextBefore: [] }]);
    expect(plan.changed[0]?.nextAfter).toHaveLength(3);
  });
});

describe('applying declared schedules', () => {
  it('makes the store as declared, says what it did, and has nothing to do the second time', async () => {
    const { scheduler, backend, list, owner } = declared();
    const first = await scheduler.apply(list, owner);
    expect(first.created.map(({ schedule }) => schedule)).toEqual(
      await Promise.all(first.created.map(({ schedule }) => stored(backend, schedule.id))),
    );
    expect(await backend.listAll()).toHaveLength(3);
    const all = await backend.listAll();
    const second = await scheduler.apply(list, owner);
    expect(second).toMatchObject({ created: [], changed: [], removed: [], undeclared: [] });
    expect(second.unchanged).toHaveLength(3);
    expect(await backend.listAll()).toEqual(all);
    for (const schedule of all) expect(schedule.owner).toBe('billing');
  });

  it('removes only when told', async () => {
    const { scheduler, backend, list, owner } = declared();
    await scheduler.apply(list, owner);
    await scheduler.apply(list.slice(0, 1), owner);
    expect(await backend.listAll()).toHaveLength(3);
    await scheduler.apply(list.slice(0, 1), { ...owner, prune: true });
    expect((await backend.listAll()).map(({ id }) => id)).toEqual(['hourly']);
    await scheduler.apply([], { ...owner, prune: true });
    expect(await backend.listAll()).toEqual([]);
  });

  it('reads a long list of new schedules at once, and finds the one that belongs to somebody else', async () => {
    const { scheduler, backend, tick, owner } = declared();
    await scheduler.schedule({ id: 'job-300', task: tick, every: '1h' });
    const get = vi.spyOn(backend, 'get');
    const many = Array.from({ length: 500 }, (_, n) => defineSchedule({ id: `job-${n}`, task: tick, every: '2h' }));
    await expect(scheduler.apply(many, owner)).rejects.toMatchObject({ code: 'SCHEDULE_OWNED', scheduleId: 'job-300' });
    await scheduler.apply(many.slice(0, 300), owner);
    expect(await backend.listMatching({ owner: owner.owner })).toHaveLength(300);
    expect(get).not.toHaveBeenCalled();
  });

  it('never touches what belongs to others or to nobody', async () => {
    const { scheduler, backend, tick, list, owner } = declared();
    await scheduler.schedule({ id: 'free', task: tick, every: '1h' });
    await scheduler.schedule({ id: 'theirs', task: tick, every: '1h', owner: 'sales' });
    const others = await backend.listAll();
    await scheduler.apply(list, owner);
    await scheduler.apply([], { ...owner, prune: true });
    expect(await backend.listAll()).toEqual(others);
    for (const [id, holder] of [
      ['free', null],
      ['theirs', 'sales'],
    ] as const) {
      const taken = [...list, defineSchedule({ id, task: tick, every: '2h' })];
      for (const refused of [scheduler.plan(taken, owner), scheduler.apply(taken, owner)])
        await expect(refused).rejects.toMatchObject({ code: 'SCHEDULE_OWNED', scheduleId: id, owner: holder });
    }
    expect(await backend.listAll()).toEqual(others);
  });

  it('keeps what operators and nodes did', async () => {
    const { scheduler, backend, clock, list, owner, tick } = declared();
    await scheduler.apply(list, owner);
    await scheduler.disable('daily');
    await clock.advance(HOUR);
    await claim(backend, 'hourly', { nextRun: after(2 * HOUR), firings: (s) => [slotFiring(s, after(HOUR))] });
    await scheduler.apply(
      [...list.slice(1), defineSchedule({ id: 'hourly', task: tick, cron: '0 * * * *', queue: 'q' })],
      owner,
    );
    expect(await stored(backend, 'daily')).toMatchObject({ enabled: false, nextRun: null });
    expect(await stored(backend, 'hourly')).toMatchObject({ queue: 'q', runCount: 1, nextRun: after(2 * HOUR) });
  });

  it('is all or nothing: one bad definition, and none is written', async () => {
    const { scheduler, backend, tick, list, owner } = declared();
    const bad = { id: 'bad', task: tick, cron: '61 * * * *' };
    await expect(scheduler.apply([...list, bad], owner)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      argument: 'cron',
      message: expect.stringMatching(/^definitions\[3\]: /),
    });
    expect(await backend.listAll()).toEqual([]);
  });

  it('refuses two definitions of one schedule, and one of another owner', async () => {
    const { scheduler, backend, tick, report, owner } = declared();
    const twice = [
      defineSchedule({ task: report, every: '1h', args: ['a'] }),
      defineSchedule({ task: report, every: 3_600_000, args: ['a'], priority: 1 }),
    ];
    await expect(scheduler.apply(twice, owner)).rejects.toMatchObject({
      argument: 'definitions',
      message: expect.stringMatching(/definitions\[1\]/),
    });
    const foreign = [defineSchedule({ task: tick, every: '1h', owner: 'sales' })];
    await expect(scheduler.apply(foreign, owner)).rejects.toMatchObject({
      argument: 'owner',
      message: expect.stringMatching(/sales/),
    });
    expect(await backend.listAll()).toEqual([]);
  });

  it('computes again when somebody was quicker, and writes once', async () => {
    const { scheduler, backend, list, owner } = declared();
    const applyChanges = backend.applyChanges.bind(backend);
    let calls = 0;
    backend.applyChanges = async (changes) => {
      calls++;
      const [first] = changes;
      // Another process applies the first of them just before.
      if (calls === 1 && first) await applyChanges([first]);
      return applyChanges(changes);
    };
    const plan = await scheduler.apply(list, owner);
    expect(calls).toBe(2);
    expect(plan.unchanged).toMatchObject([{ id: 'hourly' }]);
    expect(plan.created).toHaveLength(2);
  });

  it('takes what another process applies between two reads for what it is: the same declaration', async () => {
    const { scheduler, backend, list, owner } = declared();
    const listMatching = backend.listMatching.bind(backend);
    let reads = 0;
    backend.listMatching = async (filter) => {
      const found = await listMatching(filter);
      if (++reads === 1) await scheduler.apply(list, owner);
      return found;
    };
    const plan = await scheduler.apply(list, owner);
    expect(plan.unchanged.map(({ id }) => id)).toEqual(expect.arrayContaining(['hourly', 'daily']));
    expect(plan).toMatchObject({ created: [], changed: [], removed: [] });
    expect(await backend.listAll()).toHaveLength(3);
  });

  it("lets what a definition's own code throws through as it is", async () => {
    const { scheduler, tick, owner } = declared();
    const thrown = Object.freeze(new Error('of a getter'));
    const definition = {
      task: tick,
      get cron(): string {
        throw thrown;
      },
    };
    await expect(scheduler.apply([definition], owner)).rejects.toBe(thrown);
    expect(thrown.message).toBe('of a getter');
  });

  it('many processes apply the same list at once: one row each (SC-13)', async () => {
    const { scheduler, backend, list, owner } = declared();
    const plans = await Promise.all(Array.from({ length: 20 }, () => scheduler.apply(list, owner)));
    expect(plans.filter(({ created }) => created.length > 0)).toHaveLength(1);
    expect(await backend.listAll()).toHaveLength(3);
    for (const { revision } of await backend.listAll()) expect(revision).toBe(1);
  });

  it('takes thousands', async () => {
    const { scheduler, backend, tick, owner } = declared();
    const many = Array.from({ length: 2_000 }, (_, i) => defineSchedule({ id: `s${i}`, task: tick, every: 1_000 + i }));
    expect((await scheduler.apply(many, owner)).created).toHaveLength(2_000);
    expect((await scheduler.apply(many, owner)).unchanged).toHaveLength(2_000);
    expect(await backend.listAll()).toHaveLength(2_000);
  });
});
