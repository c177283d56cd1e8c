import type { BaseSchedulerBackend } from '@flowrra/core';
import { consoleLogger } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describeSchedulerBackend } from '@flowrra/scheduler/conformance';
import { describe, it } from 'vitest';
import { SQLiteSchedulerBackend } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

describe('SQLiteSchedulerBackend on a file', () => {
  describeSchedulerBackend(
    { describe, it },
    {
      async create() {
        const folder = temporaryFolder();
        const clock = new ManualClock();
        const context = { clock, logger: consoleLogger };
        const opened: BaseSchedulerBackend[] = [];
        const another = async () => {
          const backend = new SQLiteSchedulerBackend(folder.file('schedule.db'));
          opened.push(backend);
          await backend.open(context);
          return backend;
        };
        return {
          backend: await another(),
          context,
          another,
          advance: (ms) => clock.advance(ms),
          async close() {
            for (const backend of opened) await backend.close();
            folder.remove();
          },
        };
      },
    },
  );
});

describe('SQLiteSchedulerBackend in memory', () => {
  describeSchedulerBackend(
    { describe, it },
    {
      without: ['another'],
      async create() {
        const clock = new ManualClock();
        const context = { clock, logger: consoleLogger };
        const backend = new SQLiteSchedulerBackend(':memory:');
        await backend.open(context);
        return { backend, context, advance: (ms) => clock.advance(ms), close: () => backend.close() };
      },
    },
  );
});
