import { type BaseSchedulerBackend, consoleLogger } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describeSchedulerBackend, type SchedulerBackendWorld } from '@flowrra/scheduler/conformance';
import Sqlite, { type Database } from 'better-sqlite3';
import { describe, it } from 'vitest';
import { SQLiteSchedulerBackend } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

describe('SQLiteSchedulerBackend on a file', () => {
  describeSchedulerBackend(
    { describe, it },
    {
      async create() {
        const folder = temporaryFolder();
        const path = folder.file('schedule.db');
        const world = newWorld(() => new SQLiteSchedulerBackend(path));
        return {
          ...world,
          backend: await world.another(),
          async damage(id) {
            const database = new Sqlite(path);
            damage(database, id);
            database.close();
          },
          async close() {
            await world.close();
            folder.remove();
          },
        };
      },
    },
  );
});

describe('SQLiteSchedulerBackend on one database in memory', () => {
  describeSchedulerBackend(
    { describe, it },
    {
      async create() {
        const database = new Sqlite(':memory:', { timeout: 0 });
        const world = newWorld(() => new SQLiteSchedulerBackend(database));
        return {
          ...world,
          backend: await world.another(),
          damage: async (id) => damage(database, id),
          async close() {
            await world.close();
            database.close();
          },
        };
      },
    },
  );
});

function newWorld(newBackend: () => BaseSchedulerBackend) {
  const clock = new ManualClock();
  const context = { clock, logger: consoleLogger };
  const opened: BaseSchedulerBackend[] = [];
  return {
    context,
    async another() {
      const backend = newBackend();
      opened.push(backend);
      await backend.open(context);
      return backend;
    },
    advance: (ms: number) => clock.advance(ms),
    async close() {
      for (const backend of opened) await backend.close();
    },
  } satisfies Omit<SchedulerBackendWorld, 'backend'>;
}

function damage(database: Database, id: string): void {
  database.prepare("update flowrra_schedules set args = '[1, 2' where id = ?").run(id);
}
