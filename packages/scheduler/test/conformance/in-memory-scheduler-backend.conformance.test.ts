import { systemClock } from '@flowrra/core';
import { describe, it } from 'vitest';
import { describeSchedulerBackend } from '../../src/conformance/index.js';
import { InMemorySchedulerBackend } from '../../src/in-memory-scheduler-backend.js';
import { DamageableBackend } from './damageable-backend.js';
import { ElevenMethodsBackend } from './eleven-methods-backend.js';
import { createMemoryWorld } from './memory-world.js';

// Nobody can spoil what memory keeps.
const WITHOUT = ['damage'] as const;

describe('InMemorySchedulerBackend', () => {
  const create = () => createMemoryWorld(new InMemorySchedulerBackend());
  describeSchedulerBackend({ describe, it }, { create, without: WITHOUT });
});

describe('InMemorySchedulerBackend with rows that can be spoilt', () => {
  describeSchedulerBackend({ describe, it }, { create: () => createMemoryWorld(new DamageableBackend()) });
});

describe("InMemorySchedulerBackend on the machine's clock", () => {
  describeSchedulerBackend(
    { describe, it },
    {
      without: [...WITHOUT, 'advance'],
      async create() {
        const { advance: _advance, ...world } = await createMemoryWorld(new InMemorySchedulerBackend(), systemClock);
        return world;
      },
    },
  );
});

describe('A backend of eleven methods', () => {
  const create = () => createMemoryWorld(new ElevenMethodsBackend());
  describeSchedulerBackend({ describe, it }, { create, without: [...WITHOUT, 'claims'] });
});
