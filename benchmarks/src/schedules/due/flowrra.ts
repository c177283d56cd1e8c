import { defineTask, Flowrra } from '@flowrra/core';
import { defineSchedule, Scheduler } from '@flowrra/scheduler';
import { cronOf, type DueSystem, dataOf, type Stores } from './due-system.js';

const tick = defineTask<(data: ReturnType<typeof dataOf>) => void>('tick');

/** A node that only schedules: nothing claims its tasks. */
export function openFlowrra({ redis, ...stores }: Stores, store: 'postgres' | 'sqlite'): DueSystem {
  const app = new Flowrra({ url: redis });
  const backend = store === 'postgres' ? stores.postgres : `sqlite://${stores.sqlite}`;
  const scheduler = new Scheduler(app, { backend, tasks: [tick] });
  return {
    async open() {
      await scheduler.list({ limit: 1 });
    },
    async create({ count, due }) {
      const cron = cronOf(due);
      const schedules = Array.from({ length: count }, (_, number) =>
        defineSchedule({ id: `schedule-${number}`, task: tick, cron, seconds: true, args: [dataOf(number)] }),
      );
      await scheduler.apply(schedules, { owner: 'bench' });
    },
    start: () => scheduler.start(),
  };
}
