// Makes schedules that are far from due. A process of its own: what it leaves behind is not the node's to clean up.
import { defineTask, Flowrra } from '@flowrra/core';
import { defineSchedule, Scheduler } from '@flowrra/scheduler';
import { report } from '../../measuring/child.js';

const HALF_A_YEAR = 182 * 86_400_000;

const [, , url = '', count] = process.argv;
const tick = defineTask<(number: number) => void>('tick');
const app = new Flowrra();
const scheduler = new Scheduler(app, { backend: url, tasks: [tick] });
const day = new Date(Date.now() + HALF_A_YEAR);
const cron = `0 3 ${day.getUTCDate()} ${day.getUTCMonth() + 1} *`;
const schedules = Array.from({ length: Number(count) }, (_, i) =>
  defineSchedule({ id: `schedule-${i}`, task: tick, cron, args: [i] }),
);
await scheduler.apply(schedules, { owner: 'bench' });
await app.stop();
report(schedules.length);
