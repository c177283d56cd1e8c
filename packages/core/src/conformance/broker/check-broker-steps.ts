import assert from 'node:assert/strict';
import type { BaseBroker, Lease, ReleaseReason } from '../../brokers/base-broker.js';
import type { BrokerPolicy } from '../../brokers/broker-policy.js';
import { BrokerModel, type ModelPush } from './broker-model.js';
import { claim, message } from './broker-steps.js';
import { type ClaimStep, checkClaim } from './check-claim.js';

/**
 * One thing that is done to a broker. Ids are few, so that they meet. Durations are milliseconds; `held` says which
 * delivery is meant, counted back from the latest one; `again` does it twice, as when the first reply is lost; `late` is
 * a delivery whose worker says that it goes on before anybody has noticed that time has passed; a second later it is.
 */
export type BrokerStep =
  | { do: 'push'; messages: readonly ModelPush[]; again: boolean }
  | ({ do: 'claim' } & ClaimStep)
  | { do: 'extend'; held: number; leaseMs: number }
  | { do: 'ack'; held: number; dead: boolean; again: boolean }
  | { do: 'release'; held: number; delay: number; reason: ReleaseReason; again: boolean }
  | { do: 'cancel'; queue: string; id: string }
  | { do: 'purge' | 'pause' | 'resume'; queue: string }
  | { do: 'takeDeadLetter'; queue: string; id: string }
  | { do: 'advance'; ms: number; late: number };

/** The policy that the broker is created with, unless it is another one. */
export const BROKER_STEPS_POLICY: BrokerPolicy = { maxCrashes: 3, dedupeWindow: 20_000, maxQueueSize: null };

/**
 * Does the steps to a broker and to a simple model of one, and fails at the first difference. Where you have fast-check,
 * `brokerSteps` of `@flowrra/core/conformance/arbitraries` draws them. To keep apart what happens at the same instant,
 * use whole seconds from 2 s on for `advance`, `delay` and `leaseMs`, and other numbers for `expiresIn`.
 *
 * @example
 * await fc.assert(fc.asyncProperty(brokerSteps, async (steps) => {
 *   const world = await createWorld({ policy: BROKER_STEPS_POLICY });
 *   await checkBrokerSteps(world, steps).finally(world.close);
 * }));
 */
export async function checkBrokerSteps(
  { broker, advance }: { broker: BaseBroker; advance: (ms: number) => Promise<void> },
  steps: readonly BrokerStep[],
  policy: BrokerPolicy = BROKER_STEPS_POLICY,
): Promise<void> {
  const model = new BrokerModel(policy);
  const ids = new Set<string>();
  const queues = new Set<string>();
  for (const step of steps) {
    const told = step.do === 'push' ? step.messages : [step];
    for (const one of told) {
      if ('id' in one) ids.add(one.id);
      if ('queue' in one) queues.add(one.queue);
    }
    await checkStep({ broker, advance, model }, step);
    for (const queue of queues)
      assert.deepEqual(await broker.size(queue), model.size(queue), `size of ${queue} after ${JSON.stringify(step)}`);
    const held = await broker.holds([...ids]);
    assert.deepEqual(
      Object.fromEntries([...ids].map((id, i) => [id, held[i]])),
      Object.fromEntries([...ids].map((id) => [id, model.messages.has(id)])),
    );
  }
}

interface Subject {
  readonly broker: BaseBroker;
  readonly model: BrokerModel;
  advance(ms: number): Promise<void>;
}

async function checkStep({ broker, advance, model }: Subject, step: BrokerStep): Promise<void> {
  const passTime = async (ms: number): Promise<void> => {
    await advance(ms);
    model.advance(ms);
  };
  switch (step.do) {
    case 'advance':
      await passTime(step.ms);
      await checkHolding(broker, model, { do: 'extend', held: step.late, leaseMs: 2_500 });
      // A store may notice leases that ended at the next claim of any worker. Extending lets some stores look for them,
      // and not wait for it; the next look is awaited.
      await passTime(1_000);
      await claim(broker, { queue: 'elsewhere' });
      return;
    case 'push':
      return checkPush(broker, model, step);
    case 'claim': {
      const { queue, lane, count, alone, leaseMs } = step;
      const reply = await claim(broker, { queue, lane, count, alone, leaseMs });
      for (const { lease, payload } of reply.claims) assert.equal(payload, `payload of ${lease.id}`);
      return checkClaim(model, step, reply);
    }
    case 'extend':
    case 'ack':
    case 'release':
      return checkHolding(broker, model, step);
    default:
      return checkManaging(broker, model, step);
  }
}

async function checkPush(
  broker: BaseBroker,
  model: BrokerModel,
  { messages, again }: Extract<BrokerStep, { do: 'push' }>,
): Promise<void> {
  for (let i = 0; i < (again ? 2 : 1); i++) {
    const known = model.push(messages);
    assert.deepEqual(await whetherKnown(broker.push(messages.map(toMessage))), known);
  }
}

/** A message as it is pushed; its payload tells it from others. */
export function toMessage({ delay, expiresIn, id, ...fields }: ModelPush) {
  const runAt = delay === 0 ? null : { after: delay };
  return message(id, { ...fields, runAt, expiresAt: expiresIn === null ? null : { after: expiresIn } });
}

/** What a push answers, null when it is refused because a queue is full. */
export async function whetherKnown(pushing: Promise<readonly { known: boolean }[]>): Promise<boolean[] | null> {
  try {
    return (await pushing).map(({ known }) => known);
  } catch (err) {
    if ((err as { code?: unknown }).code === 'QUEUE_FULL') return null;
    throw err;
  }
}

async function checkHolding(
  broker: BaseBroker,
  model: BrokerModel,
  step: Extract<BrokerStep, { do: 'extend' | 'ack' | 'release' }>,
): Promise<void> {
  const lease = model.latestLease(step.held);
  if (!lease) return;
  if (step.do === 'extend') {
    assert.deepEqual(await broker.extend([lease], step.leaseMs), [model.extend(lease, step.leaseMs)]);
    return;
  }
  for (let i = 0; i < (step.again ? 2 : 1); i++) await checkGivingBack(broker, model, lease, step);
}

async function checkGivingBack(
  broker: BaseBroker,
  model: BrokerModel,
  lease: Lease,
  step: Extract<BrokerStep, { do: 'ack' | 'release' }>,
): Promise<void> {
  if (step.do === 'ack') {
    const acknowledgement = step.dead ? { lease, deadLetter: 'given up' } : { lease };
    assert.deepEqual(await broker.ack([acknowledgement]), [model.ack(lease, step.dead)]);
  } else {
    const { delay, reason } = step;
    const released = await broker.release(lease, { runAt: delay === 0 ? null : { after: delay }, reason });
    assert.equal(released, model.release(lease, delay, reason));
  }
}

type ManagingStep = Extract<BrokerStep, { do: 'cancel' | 'purge' | 'pause' | 'resume' | 'takeDeadLetter' }>;

/** What is done to queues from outside. */
export async function checkManaging(broker: BaseBroker, model: BrokerModel, step: ManagingStep): Promise<void> {
  switch (step.do) {
    case 'cancel':
      return assert.equal(await broker.cancel(step.queue, step.id), model.cancel(step.queue, step.id));
    case 'purge':
      return assert.deepEqual((await broker.purge(step.queue)).sort(), model.purge(step.queue).sort());
    case 'pause':
      model.paused.add(step.queue);
      return broker.pause(step.queue);
    case 'resume':
      model.paused.delete(step.queue);
      return broker.resume(step.queue);
    case 'takeDeadLetter': {
      const letter = await broker.takeDeadLetter(step.queue, step.id);
      assert.equal(letter !== null, model.takeDeadLetter(step.queue, step.id));
    }
  }
}
