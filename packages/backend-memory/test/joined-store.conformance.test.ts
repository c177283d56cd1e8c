import { describeTaskStore } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { createStoreWorld } from './worlds.js';

describe('InMemoryBroker joined with InMemoryBackend', () => {
  // Memory is seen by one process.
  describeTaskStore({ describe, it }, { create: (settings) => createStoreWorld(settings), without: ['second'] });
});
