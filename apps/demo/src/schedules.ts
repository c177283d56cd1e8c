import { defineSchedule, type ScheduleDefinition } from '@flowrra/scheduler';
import { report, rescan } from './scheduled-tasks.js';

/** Milliseconds. */
export const EVERY = { rescan: 2_000, report: 3_000 };

/** The schedules of a run, as code: `apply` makes the store say what this list says. */
export function declareSchedules(root: string, endAt?: Date): ScheduleDefinition[] {
  return [
    // A large folder may take longer than the interval: then a slot is skipped.
    defineSchedule({ id: 'rescan', task: rescan, every: EVERY.rescan, args: [root], overlap: 'skip', endAt }),
    defineSchedule({ id: 'report', task: report, cron: '*/3 * * * * *', seconds: true, endAt }),
  ];
}
