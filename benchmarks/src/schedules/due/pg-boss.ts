import PgBoss from 'pg-boss';
import { type DueSystem, dataOf, minuteCronOf, type Stores } from './due-system.js';

/**
 * It looks at its clock and at what is due as often as it allows, once a second: by default it does so every 30 s and 5 s,
 * and little else would be measured. Nothing works on its jobs.
 */
export function openPgBoss({ postgres }: Stores): DueSystem {
  const boss = new PgBoss({
    connectionString: postgres,
    cronMonitorIntervalSeconds: 1,
    cronWorkerIntervalSeconds: 1,
  });
  boss.on('error', (err) => console.error(err));
  const writer = new PgBoss({ connectionString: postgres, schedule: false, supervise: false });
  return {
    async open() {
      await writer.start();
    },
    /** A schedule is named after its queue, of which there can be only one: each has a queue, with a table of its own. */
    async create({ count, due }) {
      const cron = minuteCronOf(due);
      for (let number = 0; number < count; number++) {
        await writer.createQueue(`tick-${number}`);
        await writer.schedule(`tick-${number}`, cron, dataOf(number), { tz: 'UTC' });
      }
    },
    async start() {
      await writer.stop();
      await boss.start();
    },
  };
}
