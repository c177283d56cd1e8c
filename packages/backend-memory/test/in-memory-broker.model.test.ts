import { consoleLogger } from '@flowrra/core';
import { BROKER_STEPS_POLICY, type BrokerStep, checkBrokerSteps } from '@flowrra/core/conformance';
import { ManualClock } from '@flowrra/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InMemoryBroker } from '../src/in-memory-broker.js';
import { BROKEN_BROKERS } from './broken/broken-brokers.js';
import type { BrokerClass } from './worlds.js';

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

/** Steps that a broker and the model take together; long enough for three crashes. */
function followsTheModel(Broker: BrokerClass): fc.IAsyncProperty<[BrokerStep[]]> {
  return fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
    const clock = new SteppingClock();
    const broker = new Broker(BROKER_STEPS_POLICY);
    await broker.open({ clock, logger: consoleLogger });
    await checkBrokerSteps({ broker, advance: async (ms) => clock.step(ms) }, steps);
    await broker.close();
  });
}

/** Nobody waits in these runs, so time can pass without the turns of the event loop that a manual clock gives. */
class SteppingClock extends ManualClock {
  #stepped = 0;

  override now(): number {
    return super.now() + this.#stepped;
  }

  step(ms: number): void {
    this.#stepped += ms;
  }
}

describe('InMemoryBroker', () => {
  it('does what a simple model of a broker does, whatever is done to it', async () => {
    await fc.assert(followsTheModel(InMemoryBroker), { numRuns: 1_000 });
  });

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
