import { describeBroker } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { createBrokerWorld } from './worlds.js';

describe('InMemoryBroker', () => {
  // Memory is seen by one process, and nobody can spoil what it keeps.
  describeBroker(
    { describe, it },
    { create: (settings) => createBrokerWorld(settings), without: ['second', 'damage', 'loseLease', 'openClaims'] },
  );
});
