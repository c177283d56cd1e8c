import { PostgresBackend } from '@agendajs/postgres-backend';
import { Agenda } from 'agenda';
import { cronOf, type DueSystem, dataOf, eachOf, type Stores } from './due-system.js';

/** It enqueues nothing: what is due is run at once, out of the schedule's row. The job does nothing. */
export function openAgenda({ postgres }: Stores): DueSystem {
  const agenda = new Agenda({ backend: new PostgresBackend({ connectionString: postgres }) });
  agenda.on('error', (err) => console.error(err));
  return {
    open: () => agenda.ready,
    async create({ count, due }) {
      const cron = cronOf(due);
      await eachOf(count, (number) =>
        agenda.create('tick', dataOf(number)).repeatEvery(cron, { timezone: 'UTC', skipImmediate: true }).save(),
      );
    },
    async start() {
      agenda.define('tick', async () => {});
      await agenda.start();
    },
  };
}
