import { type BaseSchedulerBackend, consoleLogger, systemClock } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describeSchedulerBackend } from '@flowrra/scheduler/conformance';
import { afterAll, describe, it } from 'vitest';
import { World } from './world.js';

// Making tables takes longer than all the rest: one set of them serves all promises, one after the other.
const tables = new World();
afterAll(() => tables.close());

describe('PostgreSQLSchedulerBackend', () => {
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
          damage,
          close: () => closeAndEmpty(opened),
        };
      },
    },
  );
});

describe("PostgreSQLSchedulerBackend on the server's clock", () => {
  // What another backend does was seen above; here it is the instants that count.
  describeSchedulerBackend(
    { describe, it },
    {
      without: ['advance', 'another'],
      async create() {
        const context = { clock: systemClock, logger: consoleLogger };
        const backend = tables.backend();
        await backend.open(context);
        return { backend, context, damage, close: () => closeAndEmpty([backend]) };
      },
    },
  );
});

async function damage(id: string): Promise<void> {
  await tables.query(`update ${tables.prefix}schedules set args = '{}' where id = $1`, [id]);
}

async function closeAndEmpty(opened: readonly BaseSchedulerBackend[]): Promise<void> {
  await Promise.all(opened.map((backend) => backend.close()));
  for (const name of ['schedules', 'firings']) await tables.query(`delete from ${tables.prefix}${name}`);
}
