import { consoleLogger, JoinedTaskStore } from '@flowrra/core';
import { checkTaskStoreSteps, type TaskStoreSettings, type TaskStoreWorld } from '@flowrra/core/conformance';
import { stepsPolicy, taskStoreSteps } from '@flowrra/core/conformance/arbitraries';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asWords, BROKEN_STORES } from './broken/broken-stores.js';
import { RUNS } from './model-runs.js';
import { createFusedWorld, createStoreWorld } from './worlds.js';

const ttl = fc.constantFrom(null, 5_000);

function followsTheModel(createWorld: (settings: TaskStoreSettings) => Promise<TaskStoreWorld>) {
  return fc.asyncProperty(taskStoreSteps, stepsPolicy, ttl, async (steps, policy, ttl) => {
    const { advance, ...world } = await createWorld({ policy, ttl, logger: consoleLogger });
    if (!advance) throw new Error('The world has no clock to move.');
    // Fused as well: the two halves still know nothing of each other, which is all that this says.
    await checkTaskStoreSteps({ ...world, advance, policy, ttl, joined: true }, steps).finally(world.close);
  });
}

describe('The memory pair', () => {
  it.each([
    ['as one', createFusedWorld],
    ['joined', (settings: TaskStoreSettings) => createStoreWorld(settings, JoinedTaskStore)],
  ])(
    'does %s what a simple model of a task store does, whatever is done to it',
    async (_how, createWorld) => {
      await fc.assert(followsTheModel(createWorld), { numRuns: 80 * RUNS });
    },
    60_000 * RUNS,
  );

  for (const [Store] of BROKEN_STORES) {
    it(`would be caught by the model as a store that ${asWords(Store.name)}`, async () => {
      const { failed } = await fc.check(
        followsTheModel((settings) => createStoreWorld(settings, Store)),
        { numRuns: 200, seed: 1, endOnFailure: true },
      );
      expect(failed).toBe(true);
    });
  }
});
