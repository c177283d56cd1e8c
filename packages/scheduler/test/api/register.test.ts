import { describe, expect, it } from 'vitest';
import { Scheduler } from '../../src/scheduler.js';
import { after, claim, DAY, HOUR, MINUTE, START, setup, slotFiring, stored } from './setup.js';

describe('registering a schedule', () => {
  it('stores it with its defaults, and its first slot after now', async () => {
    const { scheduler, backend, report } = setup();
    const made = await scheduler.schedule({ id: 'a', task: report, cron: ' 30  9 * * 1-5', args: ['all'] });
    expect(made).toEqual(await stored(backend, 'a'));
    expect(made).toMatchObject({
      id: 'a',
      revision: 1,
      taskName: 'report',
      scheduleType: 'cron',
      schedule: '30 9 * * 1-5',
      args: ['all'],
      kwargs: null,
      timeZone: 'UTC',
      enabled: true,
      lastRun: null,
      nextRun: after(9.5 * HOUR),
      lastTaskId: null,
      catchUp: 'latest',
      overlap: 'allow',
      jitter: 0,
      startAt: null,
      endAt: null,
      maxRuns: null,
      runCount: 0,
      queue: null,
      priority: null,
      retries: null,
      timeout: null,
      description: null,
      owner: null,
      error: null,
      createdAt: START,
      updatedAt: START,
    });
    expect(made.incarnation).toMatch(/^[A-Za-z0-9]{21}$/);
  });

  it('stores every option', async () => {
    const { scheduler, backend, mail } = setup();
    await scheduler.schedule({
      id: 'a',
      task: mail,
      every: '2h',
      args: ['ada@example.com'],
      kwargs: { subject: 'hello' },
      timeZone: 'Europe/Paris',
      catchUp: { all: 3 },
      overlap: 'skip',
      jitter: '10s',
      startAt: after(HOUR),
      endAt: after(DAY),
      maxRuns: 7,
      queue: 'mail',
      priority: -5,
      retries: 0,
      timeout: '1m',
      description: 'grüße 👋',
      owner: 'billing',
    });
    expect(await stored(backend, 'a')).toMatchObject({
      scheduleType: 'interval',
      schedule: '7200000',
      args: ['ada@example.com'],
      kwargs: { subject: 'hello' },
      timeZone: 'Europe/Paris',
      catchUp: { all: 3 },
      overlap: 'skip',
      jitter: 10_000,
      startAt: after(HOUR),
      endAt: after(DAY),
      maxRuns: 7,
      queue: 'mail',
      priority: -5,
      retries: 0,
      timeout: MINUTE,
      description: 'grüße 👋',
      owner: 'billing',
      nextRun: after(HOUR),
    });
  });

  it('has one-line forms that make the same', async () => {
    const { scheduler, tick, report, mail } = setup();
    const pairs = [
      [
        await scheduler.scheduleCron('*/5 * * * * *', tick, { seconds: true }),
        await scheduler.schedule({ task: tick, cron: '*/5 * * * * *', seconds: true }),
      ],
      [
        await scheduler.scheduleInterval('10m', report, { args: ['all'] }),
        await scheduler.schedule({ task: report, every: 600_000, args: ['all'] }),
      ],
      [
        await scheduler.scheduleOnce(after(DAY), mail, { args: ['a'], kwargs: { subject: 's' } }),
        await scheduler.schedule({ task: mail, at: after(DAY), args: ['a'], kwargs: { subject: 's' } }),
      ],
    ];
    for (const [short, long] of pairs) expect(short).toEqual(long);
    expect(await scheduler.list()).toHaveLength(3);
  });

  it('takes a registered name, and a contract whose code is elsewhere', async () => {
    const { scheduler, elsewhere } = setup();
    expect(await scheduler.scheduleCron('@daily', 'report', { args: ['all'] })).toMatchObject({ taskName: 'report' });
    expect(await scheduler.scheduleCron('@daily', elsewhere, { args: [1] })).toMatchObject({ taskName: 'elsewhere' });
    // From now on this process knows it by its name, too.
    expect(await scheduler.scheduleCron('@hourly', 'elsewhere', { args: [2] })).toMatchObject({ args: [2] });
  });

  it('keeps the arguments as they are now, whatever happens to the objects later', async () => {
    const { scheduler, backend, app } = setup();
    const args = [{ deep: [1] }];
    const take = app.task('take', (_what: { deep: number[] }) => {});
    const startAt = after(HOUR);
    const definition = { id: 'a', task: take, every: '1h' as const, args: args as [{ deep: number[] }], startAt };
    const made = scheduler.schedule(definition);
    args[0]?.deep.push(2);
    startAt.setTime(0);
    definition.id = 'b';
    expect(await made).toMatchObject({ id: 'a', args: [{ deep: [1] }] });
    expect(await stored(backend, 'a')).toMatchObject({ args: [{ deep: [1] }], startAt: after(HOUR) });
  });
});

describe('without an id', () => {
  it('the definition is the identity, whatever the order of keys', async () => {
    const { scheduler, mail } = setup();
    const one = await scheduler.schedule({
      task: mail,
      cron: '@daily',
      args: ['a'],
      kwargs: { subject: 's', cc: 'c' },
    });
    const same = await scheduler.schedule({
      task: mail,
      cron: '@daily',
      args: ['a'],
      kwargs: { cc: 'c', subject: 's' },
    });
    const other = await scheduler.schedule({
      task: mail,
      cron: '@daily',
      args: ['b'],
      kwargs: { cc: 'c', subject: 's' },
    });
    expect(one.id).toMatch(/^auto-[0-9a-f]{32}$/);
    expect(same).toEqual(one);
    expect(other.id).not.toBe(one.id);
  });

  it('many processes register the same at once, round after round: one row, one id (SC-13)', async () => {
    const { backend, app, tick } = setup();
    const schedulers = Array.from({ length: 20 }, () => new Scheduler(app, { backend }));
    for (let round = 1; round <= 100; round++) {
      const made = await Promise.all(schedulers.map((one) => one.schedule({ task: tick, every: round * 1_000 })));
      expect(new Set(made.map(({ id, incarnation }) => `${id} ${incarnation}`)).size).toBe(1);
      expect(await backend.listAll()).toHaveLength(round);
    }
  });
});

describe('a schedule for once', () => {
  it('is due at its instant, also when that is over', async () => {
    const { scheduler, tick } = setup();
    expect(await scheduler.scheduleOnce(after(HOUR), tick)).toMatchObject({ nextRun: after(HOUR) });
    expect(await scheduler.scheduleOnce(after(-HOUR), tick)).toMatchObject({ nextRun: after(-HOUR) });
  });

  it('stays done when it is registered again', async () => {
    const { scheduler, backend, tick } = setup();
    await scheduler.scheduleOnce(after(-HOUR), tick, { id: 'a' });
    await claim(backend, 'a', { nextRun: null, firings: (s) => [slotFiring(s, after(-HOUR))] });
    expect(await scheduler.scheduleOnce(after(-HOUR), tick, { id: 'a' })).toMatchObject({ nextRun: null, runCount: 1 });
    expect(await scheduler.scheduleOnce(after(-HOUR), tick, { id: 'a', priority: 1 })).toMatchObject({ nextRun: null });
    expect(await scheduler.scheduleOnce(after(-HOUR), tick, { id: 'a', timeZone: 'Europe/Paris' })).toMatchObject({
      nextRun: null,
    });
    expect(await scheduler.scheduleOnce(after(DAY), tick, { id: 'a' })).toMatchObject({ nextRun: after(DAY) });
  });
});

describe('an owner', () => {
  it('is the only one who changes a schedule by registering it', async () => {
    const { scheduler, backend, tick } = setup();
    const owned = await scheduler.schedule({ id: 'a', task: tick, cron: '@daily', owner: 'billing' });
    const free = await scheduler.schedule({ id: 'b', task: tick, cron: '@daily' });
    for (const [id, owner, holder] of [
      ['a', 'sales', 'billing'],
      ['a', undefined, 'billing'],
      ['b', 'sales', null],
    ] as const) {
      await expect(scheduler.schedule({ id, task: tick, cron: '@hourly', owner })).rejects.toMatchObject({
        code: 'SCHEDULE_OWNED',
        scheduleId: id,
        owner: holder,
      });
    }
    expect(await backend.listAll()).toEqual([owned, free]);
    expect(await scheduler.schedule({ id: 'a', task: tick, cron: '@hourly', owner: 'billing' })).toMatchObject({
      schedule: '@hourly',
    });
  });
});
