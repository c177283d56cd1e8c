import fc from 'fast-check';
import type { BrokerPolicy } from '../brokers/broker-policy.js';
import { TaskStatus } from '../tasks/task-status.js';
import type { BrokerStep } from './broker/check-broker-steps.js';
import type { TaskStoreStep } from './task-store/task-store-step.js';

// Few of everything: what makes a mistake is that they meet.
const id = fc.constantFrom('a', 'b', 'c', 'd');
const queue = fc.constantFrom('default', 'default', 'other');
const lane = fc.constantFrom('io' as const, 'io' as const, 'cpu' as const);
const worker = fc.constantFrom('worker-1' as const, 'worker-2' as const);
const held = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4);
const again = fc.constantFrom(false, false, true);
const seconds = fc.integer({ min: 2, max: 9 }).map((n) => n * 1_000);
const delay = fc.oneof(fc.constant(0), seconds);
const leaseMs = seconds.map((ms) => ms + 500);

const push = fc.record({
  id,
  queue,
  lane,
  priority: fc.integer({ min: -1, max: 1 }),
  delay,
  expiresIn: fc.constantFrom(null, null, 1, 4_507),
  remembered: fc.boolean(),
});
const messages = fc.array(push, { minLength: 1, maxLength: 3 });
const claim = { queue, lane, count: fc.integer({ min: 1, max: 3 }), alone: fc.boolean(), leaseMs };

/** What is done to queues, whatever the store. */
const managing = [
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), queue, id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('purge' as const, 'pause' as const), queue }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const), queue }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('takeDeadLetter' as const), queue, id }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: seconds, late: held }) },
];

const reason = fc.constantFrom('failed' as const, 'stopped' as const, 'deferred' as const, 'unstarted' as const);
const brokerStep: fc.Arbitrary<BrokerStep> = fc.oneof(
  ...managing,
  { weight: 8, arbitrary: fc.record({ do: fc.constant('push' as const), messages, again }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('claim' as const), ...claim }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('extend' as const), held, leaseMs }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ack' as const), held, dead: fc.boolean(), again }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), held, delay, reason, again }) },
);

const status = fc.constantFrom(...Object.values(TaskStatus));
const taskStoreStep: fc.Arbitrary<TaskStoreStep> = fc.oneof(
  ...managing,
  { weight: 8, arbitrary: fc.record({ do: fc.constant('submit' as const), messages, again }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('claim' as const), worker, ...claim }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('extend' as const), held, leaseMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('progress' as const), held }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('retry' as const), held, delay, again }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      held,
      delay,
      reason: fc.constantFrom('stopped' as const, 'deferred' as const),
      again,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('finish' as const),
      held,
      status: fc.constantFrom('success' as const, 'failed' as const, 'cancelled' as const),
      dead: fc.boolean(),
      again,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('store' as const), id, status }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), id }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      status,
      limit: fc.integer({ min: 1, max: 3 }),
      offset: fc.integer({ min: 0, max: 2 }),
    }),
  },
);
const clear: fc.Arbitrary<TaskStoreStep> = fc.constant({ do: 'clear' });

// Long enough for three crashes.
const LENGTH = { minLength: 5, maxLength: 40, size: 'max' } as const;

/** Steps for `checkBrokerSteps`. */
export const brokerSteps: fc.Arbitrary<BrokerStep[]> = fc.array(brokerStep, LENGTH);

/** Steps for `checkTaskStoreSteps`. */
export const taskStoreSteps: fc.Arbitrary<TaskStoreStep[]> = fc.array(
  fc.oneof({ weight: 50, arbitrary: taskStoreStep }, { weight: 1, arbitrary: clear }),
  LENGTH,
);

/** Policies with every edge within reach of such steps. */
export const stepsPolicy: fc.Arbitrary<BrokerPolicy> = fc.record({
  maxCrashes: fc.constantFrom(3, 2),
  dedupeWindow: fc.constantFrom(5_000, 20_000),
  maxQueueSize: fc.constantFrom(null, null, 3),
});
