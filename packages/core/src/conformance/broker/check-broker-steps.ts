import assert from 'node:assert/strict';
import type { BaseBroker, ClaimReply, ReleaseReason } from '../../brokers/base-broker.js';
import { BrokerModel, MODEL_POLICY, type ModelMessage } from './broker-model.js';
import { claim, message, QUEUE } from './broker-steps.js';

/**
 * One thing that is done to a broker. Ids are few, so that they meet: `a` to `f`. Durations are milliseconds; `held` says
 * which delivery of the id is meant, counted back from the latest one.
 */
export type BrokerStep =
  | { do: 'push'; id: string; priority: number; delay: number; expiresIn: number | null; remembered: boolean }
  | { do: 'claim'; count: number; alone: boolean; leaseMs: number }
  | { do: 'extend'; id: string; held: number; leaseMs: number }
  | { do: 'ack'; id: string; held: number; dead: boolean }
  | { do: 'release'; id: string; held: number; delay: number; reason: ReleaseReason }
  | { do: 'cancel'; id: string }
  | { do: 'advance'; ms: number };

/** The policy that the broker must be created with. */
export const BROKER_STEPS_POLICY = MODEL_POLICY;

/**
 * Does the steps to a broker and to a simple model of one, and fails at the first difference. Generate the steps at random
 * (fast-check shrinks them well). To keep apart what happens at the same instant, use whole seconds from 2 s on for
 * `advance`, `delay` and `leaseMs`, and other numbers for `expiresIn`.
 *
 * @example
 * await fc.assert(fc.asyncProperty(fc.array(anyStep), async (steps) => {
 *   const world = await createWorld({ policy: BROKER_STEPS_POLICY });
 *   await checkBrokerSteps(world, steps).finally(world.close);
 * }));
 */
export async function checkBrokerSteps(
  { broker, advance }: { broker: BaseBroker; advance: (ms: number) => Promise<void> },
  steps: readonly BrokerStep[],
): Promise<void> {
  const model = new BrokerModel();
  const ids = new Set<string>();
  for (const step of steps) {
    if (step.do === 'advance') await passTime(step.ms);
    else await checkStep(broker, model, step);
    if ('id' in step) ids.add(step.id);
    assert.deepEqual(await broker.size(QUEUE), model.size(), `size after ${JSON.stringify(step)}`);
    const holds = Object.fromEntries([...ids].map((id) => [id, model.messages.has(id)]));
    const held = await broker.holds([...ids]);
    assert.deepEqual(Object.fromEntries([...ids].map((id, i) => [id, held[i]])), holds);
  }

  async function passTime(ms: number): Promise<void> {
    await advance(ms);
    model.advance(ms);
    // A store may notice leases that ended at the next claim of any worker.
    await claim(broker, { lane: 'cpu' });
  }
}

async function checkStep(
  broker: BaseBroker,
  model: BrokerModel,
  step: Exclude<BrokerStep, { do: 'advance' }>,
): Promise<void> {
  switch (step.do) {
    case 'push': {
      const { id, priority, remembered, delay, expiresIn } = step;
      const runAt = delay === 0 ? null : { after: delay };
      const expiresAt = expiresIn === null ? null : { after: expiresIn };
      const [reply] = await broker.push([message(id, { priority, remembered, runAt, expiresAt })]);
      return assert.equal(reply?.known, model.push(step));
    }
    case 'claim':
      return checkClaim(
        model,
        step,
        await claim(broker, { count: step.count, alone: step.alone, leaseMs: step.leaseMs }),
      );
    case 'cancel':
      return assert.equal(await broker.cancel(QUEUE, step.id), model.cancel(step.id));
    default: {
      const lease = model.messages.get(step.id)?.leases.at(-1 - step.held);
      if (!lease) return;
      if (step.do === 'extend') {
        return assert.deepEqual(await broker.extend([lease], step.leaseMs), [model.extend(lease, step.leaseMs)]);
      }
      if (step.do === 'ack') {
        const acknowledgement = step.dead ? { lease, deadLetter: 'given up' } : { lease };
        return assert.deepEqual(await broker.ack([acknowledgement]), [model.ack(lease, step.dead)]);
      }
      const { delay, reason } = step;
      const released = await broker.release(lease, { runAt: delay === 0 ? null : { after: delay }, reason });
      return assert.equal(released, model.release(lease, delay, reason));
    }
  }
}

function checkClaim(
  model: BrokerModel,
  step: { count: number; alone: boolean; leaseMs: number },
  reply: ClaimReply,
): void {
  const { urgent, lastChance, plain } = model.waiting();
  const claimed = reply.claims.map(
    ({ lease }) => model.messages.get(lease.id) ?? assert.fail(`${lease.id} was handed out`),
  );
  if (step.alone && urgent.length === 0 && lastChance.length > 0) {
    assert.equal(claimed.length, 1);
    assert.ok(lastChance.includes(claimed[0] as ModelMessage), 'The last chance is handed out by itself.');
  } else {
    const urgentCount = Math.min(step.count, urgent.length);
    assert.ok(
      claimed.slice(0, urgentCount).every((one) => urgent.includes(one)),
      'What is to be ended comes first.',
    );
    checkOrder(claimed.slice(urgentCount), plain, step.count - urgentCount);
  }
  for (const [i, one] of reply.claims.entries()) {
    const expected = claimed[i] as ModelMessage;
    const { id, attempt, crashes } = expected;
    assert.deepEqual(
      [one.verdict, one.payload, one.attempt, one.crashes],
      [model.verdict(expected), `payload of ${id}`, attempt, crashes],
    );
    assert.ok(one.lease.fence > (expected.leases.at(-1)?.fence ?? 0), 'The fence grows.');
    model.deliver(expected, one, step.leaseMs);
  }
  assert.equal(reply.lastChanceWaiting, model.waiting().lastChance.length > 0);
  assert.equal(reply.nextDueIn, model.nextDueIn());
}

/** As many as there are, lower priorities first, and what is fresh first in, first out. */
function checkOrder(claimed: readonly ModelMessage[], plain: readonly ModelMessage[], count: number): void {
  const byPriority = [...plain].sort((a, b) => a.priority - b.priority || a.order - b.order);
  const expected = byPriority.slice(0, count).map(({ priority }) => priority);
  assert.deepEqual(
    claimed.map(({ priority }) => priority),
    expected,
  );
  assert.ok(claimed.every((one) => plain.includes(one)) && new Set(claimed).size === claimed.length);
  for (const priority of new Set(expected)) {
    const isFresh = (one: ModelMessage) => one.fresh && one.priority === priority;
    const fresh = claimed.filter(isFresh);
    assert.deepEqual(
      fresh.map(({ id }) => id),
      byPriority
        .filter(isFresh)
        .slice(0, fresh.length)
        .map(({ id }) => id),
    );
  }
}
