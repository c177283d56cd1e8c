import { Flowrra } from '@flowrra/core';
import { defineSchedule, type SchedulePlan, Scheduler } from '@flowrra/scheduler';

const app = new Flowrra();
const scheduler = new Scheduler(app, { backend: 'sqlite:schedules.db' });
const invoice = app.task('invoice', async (region: string) => `${region} invoiced`);
const startAt = new Date('2040-01-01T00:00:00Z');

const before = [
  defineSchedule({ id: 'europe', task: invoice, cron: '0 6 1 * *', args: ['europe'], startAt }),
  defineSchedule({ id: 'asia', task: invoice, cron: '0 22 1 * *', args: ['asia'], startAt }),
];
await scheduler.apply(before, { owner: 'billing' });

// A later version of the program: one schedule was changed, one was dropped, one is new.
const now = [
  defineSchedule({ id: 'europe', task: invoice, cron: '0 7 1 * *', args: ['europe'], startAt }),
  defineSchedule({ id: 'africa', task: invoice, cron: '0 5 1 * *', args: ['africa'], startAt }),
];
show(await scheduler.plan(now, { owner: 'billing', prune: true })); // + africa, ~ europe, - asia; nothing is written
await scheduler.apply(now, { owner: 'billing', prune: true });
console.log((await scheduler.list({ owner: 'billing' })).map(({ id }) => id)); // africa, europe

await app.stop();

function show({ created, changed, removed, unchanged }: SchedulePlan): void {
  for (const { schedule, next } of created) console.log('+', schedule.id, next[0]);
  for (const { after, fields, nextBefore, nextAfter } of changed)
    console.log('~', after.id, fields, nextBefore[0], nextAfter[0]);
  for (const { schedule } of removed) console.log('-', schedule.id);
  console.log(`${unchanged.length} unchanged`);
}
