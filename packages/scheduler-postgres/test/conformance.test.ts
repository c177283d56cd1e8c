import { consoleLogger } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describeSchedulerBackend } from '@flowrra/scheduler/conformance';
import { describe, it } from 'vitest';
import { World } from './world.js';

describe('PostgreSQLSchedulerBackend', () => {
  describeSchedulerBackend(
    { describe, it },
    {
      async create() {
        const world = new World();
        const clock = new ManualClock();
        const context = { clock, logger: consoleLogger };
        const another = async () => {
          const backend = world.backend({ clock });
          await backend.open(context);
          return backend;
        };
        return {
          backend: await another(),
          context,
          another,
          advance: (ms) => clock.advance(ms),
          close: () => world.close(),
        };
      },
    },
  );
});
