import { describeResultBackend } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { createBackendWorld } from './worlds.js';

describe('InMemoryBackend', () => {
  // Memory is seen by one process, and nobody can spoil what it keeps.
  describeResultBackend(
    { describe, it },
    { create: (settings) => createBackendWorld(settings), without: ['second', 'damage'] },
  );
});
