import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';

const app = new Flowrra();
const scheduler = new Scheduler(app, { backend: 'sqlite::memory:' });
const task = app.task('sleepless', async () => {});

// On 25 March 2040 the clocks in Paris go from 2:00 to 3:00, on 28 October from 3:00 back to 2:00.
const daily = { task, cron: '30 2 * * *', timeZone: 'Europe/Paris' };
console.log(await scheduler.preview({ ...daily, startAt: new Date('2040-03-24T00:00:00Z') }, 3)); // 2:30, 3:30, 2:30
console.log(await scheduler.preview({ ...daily, startAt: new Date('2040-10-27T00:00:00Z') }, 3)); // 2:30, each day once

await app.stop();
