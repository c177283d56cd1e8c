import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleLogger } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describeSchedulerBackend } from '@flowrra/scheduler/conformance';
import Database from 'better-sqlite3';
import { describe, it } from 'vitest';
import { SmallSchedulerBackend } from './small-backend.js';

describe('SmallSchedulerBackend', () => {
  describeSchedulerBackend(
    { describe, it },
    {
      // A new store for every test: a folder here, a `tablePrefix` on a server.
      async create() {
        const folder = mkdtempSync(join(tmpdir(), 'small-'));
        const path = join(folder, 'schedules.db');
        const clock = new ManualClock();
        const context = { clock, logger: consoleLogger };
        const opened: SmallSchedulerBackend[] = [];
        // As another process would have it. A server's clock is replaced by the option `clock`.
        const another = async () => {
          const backend = new SmallSchedulerBackend(path);
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
            const database = new Database(path);
            database.prepare("update flowrra_schedules set args = '{}' where id = ?").run(id);
            database.close();
          },
          async close() {
            for (const backend of opened) await backend.close();
            rmSync(folder, { recursive: true });
          },
        };
      },
    },
  );
});
