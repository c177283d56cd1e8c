import { consoleLogger } from '@flowrra/core';
import { BROKER_STEPS_POLICY, type BrokerStep, checkBrokerSteps } from '@flowrra/core/conformance';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { createBrokerWorld } from './worlds.js';

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const held = fc.constantFrom(0, 0, 0, 1, 2);
const seconds = fc.integer({ min: 2, max: 9 }).map((n) => n * 1_000);
const delay = fc.oneof(fc.constant(0), seconds);
const reason = fc.constantFrom('failed' as const, 'stopped' as const, 'deferred' as const);

const push = fc.record({
  do: fc.constant('push' as const),
  id,
  priority: fc.integer({ min: -1, max: 1 }),
  delay,
  expiresIn: fc.constantFrom(null, null, 1, 4_500),
  remembered: fc.boolean(),
});
const claim = fc.record({
  do: fc.constant('claim' as const),
  count: fc.integer({ min: 1, max: 3 }),
  alone: fc.boolean(),
  leaseMs: seconds,
});
const step: fc.Arbitrary<BrokerStep> = fc.oneof(
  { weight: 4, arbitrary: push },
  { weight: 4, arbitrary: claim },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('extend' as const), id, held, leaseMs: seconds }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ack' as const), id, held, dead: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), id, held, delay, reason }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: seconds }) },
);

describe('RedisBroker', () => {
  it('does what a simple model of a broker does, whatever is done to it', async () => {
    const steps = fc.array(step, { minLength: 5, maxLength: 60, size: 'max' });
    const followsTheModel = fc.asyncProperty(steps, async (taken) => {
      const { broker, advance, close } = await createBrokerWorld({
        policy: BROKER_STEPS_POLICY,
        logger: { ...consoleLogger, warn: () => {} },
      });
      if (!advance) throw new Error('The world has no clock to move.');
      await checkBrokerSteps({ broker, advance }, taken).finally(close);
    });
    await fc.assert(followsTheModel, { numRuns: Number(process.env.MODEL_RUNS ?? 150) });
  }, 120_000);
});
