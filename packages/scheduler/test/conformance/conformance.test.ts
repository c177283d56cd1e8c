import { systemClock } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { describe, it } from 'vitest';
import { describeSchedulerBackend, type SchedulerBackendSubject } from '../../src/conformance/index.js';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';
import { withLedger } from '../../src/in-memory/single-node-ledger.js';
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
  'A backend of eleven methods with a ledger for one node': {
    without: ['damage'],
    create() {
      const clock = new ManualClock();
      return createMemoryWorld(withLedger(new ElevenMethodsBackend(), clock), clock);
    },
  },
};

for (const [name, subject] of Object.entries(SUBJECTS)) {
  describe(name, () => describeSchedulerBackend({ describe, it }, subject));
}
