import { systemClock } from '@flowrra/core';
import { describe, it } from 'vitest';
import { describeSchedulerBackend, type SchedulerBackendSubject } from '../../src/conformance/index.js';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';
import { DamageableBackend } from './damageable-backend.js';
import { ElevenMethodsBackend } from './eleven-methods-backend.js';
import { createMemoryWorld } from './memory-world.js';

// Nobody can spoil what memory keeps.
const SUBJECTS: Record<string, SchedulerBackendSubject> = {
  InMemorySchedulerBackend: {
    without: ['damage'],
    create: () => createMemoryWorld(new InMemorySchedulerBackend()),
  },
  "InMemorySchedulerBackend on the machine's clock": {
    without: ['damage', 'advance'],
    create: () => createMemoryWorld(new InMemorySchedulerBackend(), systemClock),
  },
  'InMemorySchedulerBackend with rows that can be spoilt': {
    create: () => createMemoryWorld(new DamageableBackend()),
  },
  'A backend of eleven methods': {
    without: ['damage', 'claims'],
    create: () => createMemoryWorld(new ElevenMethodsBackend()),
  },
};

for (const [name, subject] of Object.entries(SUBJECTS)) {
  describe(name, () => describeSchedulerBackend({ describe, it }, subject));
}
