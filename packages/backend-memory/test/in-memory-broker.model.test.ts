import { consoleLogger } from '@flowrra/core';
import { checkBrokerSteps } from '@flowrra/core/conformance';
import { brokerSteps, stepsPolicy } from '@flowrra/core/conformance/arbitraries';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InMemoryBroker } from '../src/in-memory-broker.js';
import { BROKEN_BROKERS } from './broken/broken-brokers.js';
import { RUNS } from './model-runs.js';
import { SteppingClock } from './stepping-clock.js';
import type { BrokerClass } from './worlds.js';

/** Steps that a broker and the model take together. */
function followsTheModel(Broker: BrokerClass) {
  return fc.asyncProperty(brokerSteps, stepsPolicy, async (steps, policy) => {
    const clock = new SteppingClock();
    const broker = new Broker(policy);
    await broker.open({ clock, logger: consoleLogger });
    await checkBrokerSteps({ broker, advance: async (ms) => clock.step(ms) }, steps, policy);
    await broker.close();
  });
}

describe('InMemoryBroker', () => {
  it(
    'does what a simple model of a broker does, whatever is done to it',
    async () => {
      await fc.assert(followsTheModel(InMemoryBroker), { numRuns: 1_000 * RUNS });
    },
    60_000 * RUNS,
  );

  it('would be caught by the model with a mistake in it', async () => {
    for (const name of [
      'CoarsePriorities',
      'RepeatsFences',
      'AcceptsStaleAcks',
      'ForgetsCancels',
      'IgnoresLastChances',
      'NeverGivesUp',
    ]) {
      const [Broker] = BROKEN_BROKERS.find(([Broken]) => Broken.name === name) ?? [];
      const { failed } = await fc.check(followsTheModel(Broker as BrokerClass), {
        numRuns: 1_000,
        seed: 1,
        endOnFailure: true,
      });
      expect(failed, name).toBe(true);
    }
  });
});
