import { systemClock } from '@flowrra/core';
import { describeResultBackend } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { MapBackend } from './map-backend.js';

describe('MapBackend', () => {
  describeResultBackend(
    { describe, it },
    {
      without: ['ttl', 'delete', 'clear', 'listByStatus', 'advance', 'second', 'neighbour', 'damage', 'leftovers'],
      async create({ ttl, logger }) {
        if (ttl !== null) throw new Error('MapBackend has no ttl');
        const backend = new MapBackend();
        await backend.open({ clock: systemClock, logger });
        return { backend, close: () => backend.close() };
      },
    },
  );
});
