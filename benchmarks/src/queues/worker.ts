// A worker process: serves one system, counts what it runs, and tells its parent.
import { resultOf } from './queue-system.js';
import { QUEUE_SYSTEMS, type QueueSystemName } from './systems.js';

const [, , system, url, concurrency] = process.argv;
/** Numbers of jobs → how often they ran here. */
const runs = new Map<number, number>();
const REPORT_EVERY = 100;

const { serve } = await QUEUE_SYSTEMS[system as QueueSystemName]();
let reported = 0;
const report = (): void => {
  if (runs.size > reported) process.send?.({ runs: runs.size - reported });
  reported = runs.size;
};
const stop = await serve(url as string, {
  concurrency: Number(concurrency),
  async handler(job) {
    runs.set(job.number, (runs.get(job.number) ?? 0) + 1);
    if (runs.size - reported >= REPORT_EVERY) report();
    return resultOf(job);
  },
});
// The rest of a hundred.
const rest = setInterval(report, 10);
process.send?.({ ready: true });
// A parent that is gone, crashed perhaps, has no use for it any more.
process.once('disconnect', () => process.exit());
process.once('message', async () => {
  clearInterval(rest);
  await stop();
  process.send?.({ all: [...runs] }, () => process.disconnect());
});
