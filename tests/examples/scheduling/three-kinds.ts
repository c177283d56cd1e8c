import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';

const app = new Flowrra();
const scheduler = new Scheduler(app, { backend: 'sqlite:schedules.db' });
const backUp = app.task('back-up', async (what: string) => `saved ${what}`);
const sync = app.task('sync', async () => {});

// The three kinds in one line each; what is already stored like this is not written again.
await scheduler.scheduleCron('0 3 * * mon-fri', backUp, { id: 'nightly', timeZone: 'Europe/Paris', args: ['orders'] });
await scheduler.scheduleInterval('15m', sync, { id: 'sync', overlap: 'skip', jitter: '30s' });
await scheduler.scheduleOnce(new Date('2040-01-01T00:00:00Z'), backUp, { id: 'new-decade', args: ['the decade'] });

// The same in one form, with everything that can be said. The compiler knows which arguments the task takes.
await scheduler.schedule({
  id: 'end-of-quarter',
  task: backUp,
  cron: '30 17 L 3,6,9,12 *', // the last day of these months
  timeZone: 'America/New_York',
  args: ['the quarter'],
  startAt: new Date('2040-01-01T00:00:00Z'),
  catchUp: { all: 4 },
  maxRuns: 100,
  retries: 5,
  timeout: '10m',
  description: 'What the auditors ask for',
});
console.log(await scheduler.preview('end-of-quarter', 2)); // 31 March and 30 June 2040, 21:30 UTC
console.log((await scheduler.list({ text: 'night' })).map(({ id, schedule }) => `${id}: ${schedule}`));

await scheduler.disable('sync'); // enable() lets it fire again, from its first slot after that moment
console.log(await scheduler.unschedule('sync'), await scheduler.get('sync')); // true null

await app.stop();
