import { FlowrraError } from '@flowrra/core';
import { dropTables, SqlSchedulerBackend } from '@flowrra/scheduler/sql';
import { openScheduleStore } from './schedulers.js';
import { screen } from './screen.js';

/** Takes the tables of a run out of the database again; nobody uses them any more. */
export async function removeSchedules(): Promise<void> {
  const store = await openScheduleStore();
  try {
    if (store instanceof SqlSchedulerBackend) await dropTables(store);
  } catch (err) {
    if (!(err instanceof FlowrraError)) throw err;
    screen.print(`The tables of this run could not be removed: ${err.message}`);
  } finally {
    await store.close();
  }
}
