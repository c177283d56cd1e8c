import { type CronItem, Logger, parseCronItems, run } from 'graphile-worker';
import { type DueSystem, dataOf, minuteCronOf, type Stores } from './due-system.js';

/** Its schedules are in the program, their last times in the store. Its worker serves another task, so that jobs only wait. */
export function openGraphileWorker({ postgres: connectionString }: Stores): DueSystem {
  let items: CronItem[] = [];
  return {
    open: async () => {},
    async create({ count, due }) {
      const match = minuteCronOf(due);
      items = Array.from({ length: count }, (_, number) => ({
        task: 'tick',
        match,
        identifier: `schedule-${number}`,
        payload: dataOf(number),
      }));
    },
    async start() {
      await run({
        connectionString,
        parsedCronItems: parseCronItems(items),
        taskList: { other: async () => {} },
        noHandleSignals: true,
        logger: new Logger(() => () => {}),
      });
    },
  };
}
