import { consoleLogger } from '@flowrra/core';
import { checkBrokerSteps } from '@flowrra/core/conformance';
import { brokerSteps, stepsPolicy } from '@flowrra/core/conformance/arbitraries';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { RUNS } from './model-runs.js';
import { createBrokerWorld } from './worlds.js';

describe('RedisBroker', () => {
  it(
    'does what a simple model of a broker does, whatever is done to it',
    async () => {
      const followsTheModel = fc.asyncProperty(brokerSteps, stepsPolicy, async (steps, policy) => {
        const logger = { ...consoleLogger, warn: () => {} };
        const { broker, advance, close } = await createBrokerWorld({ policy, logger });
        if (!advance) throw new Error('The world has no clock to move.');
        await checkBrokerSteps({ broker, advance }, steps, policy).finally(close);
      });
      await fc.assert(followsTheModel, { numRuns: 80 * RUNS });
    },
    120_000 * RUNS,
  );
});
