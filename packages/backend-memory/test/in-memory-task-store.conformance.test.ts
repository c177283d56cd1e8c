import { describeTaskStore } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { createFusedWorld } from './worlds.js';

describe('InMemoryBroker and InMemoryBackend as one', () =>
  // Memory is seen by one process.
  describeTaskStore({ describe, it }, { create: createFusedWorld, without: ['second'] }));
