import { type BaseSchedulerBackend, consoleLogger } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describeSchedulerBackend } from '@flowrra/scheduler/conformance';
import { afterAll, describe, it } from 'vitest';
import { World } from './world.js';

describe('PostgreSQLSchedulerBackend', () => {
  // Making tables takes longer than all the rest: one set of them serves all promises, one after the other.
  const tables = new World();
  afterAll(() => tables.close());

  describeSchedulerBackend(
    { describe, it },
    {
      async create() {
        const clock = new ManualClock();
        const context = { clock, logger: consoleLogger };
        const opened: BaseSchedulerBackend[] = [];
        const another = async () => {
          const backend = tables.backend({ clock });
          opened.push(backend);
          await backend.open(context);
          return backend;
        };
        return {
          backend: await another(),
          context,
          another,
          advance: (ms) => clock.advance(ms),
          async damage(id) {
            await tables.query(`update ${tables.prefix}schedules set args = '{}' where id = $1`, [id]);
          },
          async close() {
            await Promise.all(opened.map((backend) => backend.close()));
            for (const name of ['schedules', 'firings']) await tables.query(`delete from ${tables.prefix}${name}`);
          },
        };
      },
    },
  );
});
