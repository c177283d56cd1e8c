import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { MISTAKES, mistakenRedis } from './broken/mistaken-scripts.js';
import { followsTheModel } from './follows-the-model.js';
import { RUNS } from './model-runs.js';
import { createFusedWorld, createSplitWorld } from './worlds.js';

describe('A model of a task store is followed, whatever is done,', () => {
  it(
    'by broker and backend on Redis, fused, and their keys hold nothing else (RI-6, BI-8)',
    async () => {
      await fc.assert(followsTheModel(createFusedWorld), { numRuns: 30 * RUNS });
    },
    120_000 * RUNS,
  );

  for (const results of ['memory', 'other database'] as const) {
    it(
      `by a broker on Redis with results in ${results === 'memory' ? 'memory' : 'another database'}`,
      async () => {
        await fc.assert(followsTheModel(createSplitWorld(results)), { numRuns: 15 * RUNS });
      },
      120_000 * RUNS,
    );
  }
});

describe('The model of a task store finds a script that', () => {
  const clients: Redis[] = [];
  afterAll(() => {
    for (const client of clients) client.disconnect();
  });

  for (const mistake of MISTAKES) {
    it(mistake.name, async () => {
      const client = mistakenRedis(redisForTests(), mistake);
      clients.push(client);
      const property = followsTheModel((settings) => createFusedWorld(settings, () => client));
      const { failed } = await fc.check(property, { numRuns: 100, seed: 1, endOnFailure: true });
      expect(failed).toBe(true);
    }, 60_000);
  }
});
