import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.js';

/** SQLite has no sessions to end and no server to start again: there, its file is locked. */
const locked: Fault = async (world, random) => {
  await world.fault('the schedules are locked', null, () =>
    world.database.lock(() => sleep(300 + random.integer(3_000))),
  );
};

export const databaseFaults = {
  'schedules locked': locked,
  'database ends sessions': async (world, random) => {
    if (!world.database.server) return locked(world, random);
    await world.fault('the database ends all sessions', null, async () => {
      for (let times = 0; times < 3; times++) {
        await world.database.endSessions();
        await sleep(random.integer(500));
      }
    });
  },
  'database killed and started again': async (world, random) => {
    const { server } = world.database;
    if (!server) return locked(world, random);
    await world.fault('the database is killed and started again', null, async () => {
      // For PostgreSQL an immediate shutdown: kill -9 would leave its children.
      await server.kill(world.plan.engine === 'postgresql' ? 'SIGQUIT' : 'SIGKILL');
      await sleep(random.integer(2_000));
      await server.restart();
    });
  },
} satisfies Record<string, Fault>;
