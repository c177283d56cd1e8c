import { defineTask, Flowrra, type ScheduledTask } from '@flowrra/core';
import { describe, expectTypeOf, it } from 'vitest';
import { defineSchedule, type ScheduleDefinition, Scheduler } from '../../src/index.js';

const app = new Flowrra();
const scheduler = new Scheduler(app);
const tick = app.task('tick', () => {});
const add = app.task('add', (a: number, b: number) => a + b);
const scan = app.task('scan', (folder?: string) => folder);
const mail = app.task('mail', { kwargs: true }, (to: string, kw: { subject: string; cc?: string }) => [to, kw]);
const notify = app.task('notify', { kwargs: true }, (kw: { urgent: boolean }) => kw);
const resize = defineTask<(path: string, width: number) => string>('resize');
const at = new Date();

describe('the arguments of a schedule', () => {
  it('are those of its task', () => {
    expectTypeOf(
      scheduler.schedule({ task: add, cron: '@daily', args: [1, 2] }),
    ).resolves.toEqualTypeOf<ScheduledTask>();
    scheduler.schedule({ task: resize, cron: '@daily', args: ['a.png', 100] });
    scheduler.schedule({ task: resize, cron: '@daily', args: ['a.png', 100] as const });
    const fixed = { task: scan, args: ['/tmp'] } as const;
    scheduler.schedule({ ...fixed, cron: '@daily' });
    // @ts-expect-error a text is no number
    scheduler.schedule({ task: add, cron: '@daily', args: [1, '2'] });
    // @ts-expect-error one argument is missing
    scheduler.schedule({ task: add, cron: '@daily', args: [1] });
    // @ts-expect-error one argument too many
    scheduler.schedule({ task: add, cron: '@daily', args: [1, 2, 3] });
    // @ts-expect-error the width is a number
    scheduler.schedule({ task: resize, cron: '@daily', args: ['a.png', '100'] });
  });

  it('may be left out only when the task needs none', () => {
    scheduler.schedule({ task: tick, cron: '@daily' });
    scheduler.schedule({ task: tick, cron: '@daily', args: [] });
    scheduler.schedule({ task: scan, cron: '@daily' });
    scheduler.schedule({ task: scan, cron: '@daily', args: ['/tmp'] });
    // @ts-expect-error there are arguments to pass
    scheduler.schedule({ task: add, cron: '@daily' });
    // @ts-expect-error it takes none
    scheduler.schedule({ task: tick, cron: '@daily', args: [1] });
  });

  it('are anything for a name', () => {
    scheduler.schedule({ task: 'add', cron: '@daily', args: [1, 'x'], kwargs: { a: 1 } });
    scheduler.schedule({ task: 'tick', cron: '@daily' });
    // @ts-expect-error arguments come as an array
    scheduler.schedule({ task: 'add', cron: '@daily', args: 1 });
  });

  it('by keyword are required and typed where the task declares them', () => {
    scheduler.schedule({ task: mail, cron: '@daily', args: ['a'], kwargs: { subject: 's' } });
    scheduler.schedule({ task: notify, cron: '@daily', kwargs: { urgent: true } });
    // @ts-expect-error keyword arguments are missing
    scheduler.schedule({ task: mail, cron: '@daily', args: ['a'] });
    // @ts-expect-error the subject is missing
    scheduler.schedule({ task: mail, cron: '@daily', args: ['a'], kwargs: {} });
    // @ts-expect-error a number is no boolean
    scheduler.schedule({ task: notify, cron: '@daily', kwargs: { urgent: 1 } });
    // @ts-expect-error add takes none
    scheduler.schedule({ task: add, cron: '@daily', args: [1, 2], kwargs: { urgent: true } });
  });
});

describe('the time of a schedule', () => {
  it('is said exactly once', () => {
    scheduler.schedule({ task: tick, every: '10s' });
    scheduler.schedule({ task: tick, every: 10_000 });
    scheduler.schedule({ task: tick, at });
    scheduler.schedule({ task: tick, cron: '* * * * * *', seconds: true });
    // @ts-expect-error nothing says when
    scheduler.schedule({ task: tick });
    // @ts-expect-error two things say when
    scheduler.schedule({ task: tick, cron: '@daily', every: '1h' });
    // @ts-expect-error seconds go with cron
    scheduler.schedule({ task: tick, every: '1h', seconds: true });
    // @ts-expect-error a duration needs a unit
    scheduler.schedule({ task: tick, every: '10' });
    // @ts-expect-error an instant is a Date
    scheduler.schedule({ task: tick, at: '2026-01-01' });
  });
});

describe('options', () => {
  it('are known', () => {
    scheduler.schedule({
      task: tick,
      every: '1h',
      catchUp: { all: 3 },
      overlap: 'skip',
      jitter: '1m',
      owner: undefined,
    });
    // @ts-expect-error there is no such option
    scheduler.schedule({ task: tick, every: '1h', timezone: 'UTC' });
    // @ts-expect-error an unknown policy
    scheduler.schedule({ task: tick, every: '1h', catchUp: 'all' });
    // @ts-expect-error a number of retries only
    scheduler.schedule({ task: tick, every: '1h', retries: { max: 1 } });
    // @ts-expect-error there is no such option
    new Scheduler(app, { backends: null });
  });
});

describe('the one-line forms', () => {
  it('want options only for arguments', () => {
    scheduler.scheduleCron('@daily', tick);
    scheduler.scheduleCron('* * * * * *', tick, { seconds: true });
    scheduler.scheduleInterval('1h', tick, { id: 'a' });
    scheduler.scheduleOnce(at, scan);
    scheduler.scheduleOnce(at, 'add', { args: [1, 2] });
    scheduler.scheduleCron('@daily', add, { args: [1, 2], timeZone: 'Europe/Paris' });
    scheduler.scheduleInterval('1h', mail, { args: ['a'], kwargs: { subject: 's' } });
    // @ts-expect-error there are arguments to pass
    scheduler.scheduleCron('@daily', add);
    // @ts-expect-error a text is no number
    scheduler.scheduleInterval('1h', add, { args: ['1', 2] });
    // @ts-expect-error keyword arguments are missing
    scheduler.scheduleOnce(at, mail, { args: ['a'] });
    // @ts-expect-error an interval has no seconds
    scheduler.scheduleInterval('1h', tick, { seconds: true });
    // @ts-expect-error it says when twice
    scheduler.scheduleCron('@daily', tick, { every: '1h' });
  });
});

describe('schedules as code', () => {
  it('are checked one by one, and make one list', () => {
    const list = [
      defineSchedule({ task: add, cron: '@daily', args: [1, 2] }),
      defineSchedule({ task: mail, every: '1h', args: ['a'], kwargs: { subject: 's' } }),
      defineSchedule({ task: 'tick', at }),
    ];
    expectTypeOf(list).toEqualTypeOf<ScheduleDefinition[]>();
    scheduler.apply(list, { owner: 'billing', prune: true });
    // @ts-expect-error a text is no number
    defineSchedule({ task: add, cron: '@daily', args: ['1', 2] });
    // @ts-expect-error nothing says when
    defineSchedule({ task: tick });
    // @ts-expect-error somebody must own them
    scheduler.plan(list, {});
  });

  it('can be previewed', () => {
    expectTypeOf(scheduler.preview({ task: tick, every: '1h' }, 3)).resolves.toEqualTypeOf<Date[]>();
    expectTypeOf(scheduler.preview('id', 3)).resolves.toEqualTypeOf<Date[]>();
    // @ts-expect-error a text is no number
    scheduler.preview({ task: add, every: '1h', args: ['1', 2] }, 3);
  });
});
