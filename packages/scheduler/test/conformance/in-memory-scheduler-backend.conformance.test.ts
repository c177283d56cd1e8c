import { describe, it } from 'vitest';
import { describeSchedulerBackend } from '../../src/conformance/index.js';
import { InMemorySchedulerBackend } from '../../src/in-memory-scheduler-backend.js';
import { ElevenMethodsBackend } from './eleven-methods-backend.js';
import { createMemoryWorld } from './memory-world.js';

describe('InMemorySchedulerBackend', () => {
  describeSchedulerBackend({ describe, it }, { create: () => createMemoryWorld(new InMemorySchedulerBackend()) });
});

describe('A backend of eleven methods', () => {
  describeSchedulerBackend(
    { describe, it },
    { create: () => createMemoryWorld(new ElevenMethodsBackend()), without: ['claims'] },
  );
});
