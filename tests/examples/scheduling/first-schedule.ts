import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';

const app = new Flowrra();
const scheduler = new Scheduler(app); // schedules are kept in the file .flowrra_schedule.db
const enough = new AbortController();
const greet = app.task('greet', (name: string) => {
  console.log(`Hello, ${name}!`);
  enough.abort();
});

await scheduler.schedule({ id: 'greeting', task: greet, every: '1s', args: ['Ada'] });
await app.run({ signal: enough.signal }); // without a signal: until SIGTERM or SIGINT
