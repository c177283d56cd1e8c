import type { CronCase } from './cron-cases.js';

/** The slots after an instant, epoch milliseconds. What can be prepared is prepared: the expression is read already. */
export type NextSlots = (start: number, count: number) => Promise<readonly number[]> | readonly number[];

/** Loaded where they are needed: no process carries the code of another system. */
export const CRON_SYSTEMS = {
  /** Through `preview`, which checks the definition first, and asks a store (in memory) for the time: that counts. */
  Flowrra: async () => {
    const { defineTask, Flowrra, systemClock } = await import('@flowrra/core');
    const { InMemorySchedulerBackend, Scheduler } = await import('@flowrra/scheduler');
    let now = 0;
    const clock = { now: () => now, after: systemClock.after };
    const tick = defineTask<() => void>('tick');
    const scheduler = new Scheduler(new Flowrra({ clock }), { backend: new InMemorySchedulerBackend(), tasks: [tick] });
    return ({ expression, zone }) => {
      const definition = { task: tick, cron: expression, timeZone: zone };
      return async (start, count) => {
        now = start;
        return (await scheduler.preview(definition, count)).map((slot) => slot.getTime());
      };
    };
  },
  'cron-parser': async () => {
    const { CronExpressionParser } = await import('cron-parser');
    return ({ expression, zone: tz }) => {
      const cron = CronExpressionParser.parse(expression, { tz });
      return (start, count) => {
        cron.reset(new Date(start));
        return Array.from({ length: count }, () => cron.next().getTime());
      };
    };
  },
  croner: async () => {
    const { Cron } = await import('croner');
    return ({ expression, zone: timezone }) => {
      const cron = new Cron(expression, { timezone });
      return (start, count) => cron.nextRuns(count, new Date(start)).map((slot) => slot.getTime());
    };
  },
} satisfies Record<string, () => Promise<(one: CronCase) => NextSlots>>;

export type CronSystemName = keyof typeof CRON_SYSTEMS;
