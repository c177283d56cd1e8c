import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { World } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

describe('Sessions that wait for a lock', () => {
  it('are ended by the server when nobody waits for their answers any more, and do not pile up', async () => {
    const backend = world.backend();
    await backend.listAll();
    const blocker = new pg.Client(world.url);
    await blocker.connect();
    // As a long ALTER TABLE or VACUUM FULL does.
    await blocker.query(`begin; lock table ${world.prefix}schedules in access exclusive mode`);
    try {
      await expect(Promise.all([backend.dueTimes(), backend.listAll()])).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
      const waiting = async () =>
        world.query(
          `select query from pg_stat_activity where wait_event_type = 'Lock' and query like '%${world.prefix}%'`,
        );
      await vi.waitFor(async () => expect(await waiting()).toEqual([]), { timeout: 20_000, interval: 500 });
    } finally {
      await blocker.end();
    }
    expect(await backend.listAll()).toEqual([]);
  }, 60_000);

  it('have limits that outlive the making of the tables', async () => {
    const backend = world.backend({ poolSize: 1 });
    await backend.listAll();
    const [schedules] = [`${world.prefix}schedules`];
    await world.query(
      `alter table ${schedules} rename to ${schedules}_kept;
      create view ${schedules} as select k.* from ${schedules}_kept k, (select pg_sleep(60)) as slow`,
    );
    await expect(backend.listAll()).rejects.toThrow(/took too long for a statement/);
    await world.query(`drop view ${schedules}; alter table ${schedules}_kept rename to ${schedules}`);
  }, 60_000);
});
