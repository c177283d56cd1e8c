import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';

const app = new Flowrra();
const scheduler = new Scheduler(app, { backend: 'sqlite::memory:' });
const backUp = app.task('back-up', async (what: string) => `saved ${what}`);
await scheduler.scheduleCron('0 3 * * *', backUp, { id: 'nightly', args: ['orders'] });
await app.start();

const taskId = await scheduler.trigger('nightly'); // once, now; no slot is affected
console.log(await app.handle(backUp, taskId).result()); // saved orders

for (const { kind, state, id } of await scheduler.history('nightly', { limit: 10 }))
  console.log(kind, state, id === taskId); // manual submitted true

const { outcome, text } = await scheduler.explain('nightly', new Date('2040-06-01T04:00:00Z'));
console.log(outcome, '·', text); // not-a-slot · … the next one is 2040-06-02T03:00:00.000Z.
console.log((await scheduler.explain('nightly', new Date('2040-06-01T03:00:00Z'))).outcome); // upcoming

await app.stop();
