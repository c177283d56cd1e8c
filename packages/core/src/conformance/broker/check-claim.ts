import assert from 'node:assert/strict';
import type { ClaimReply, Lane } from '../../brokers/base-broker.js';
import type { BrokerModel, ModelMessage } from './broker-model.js';

export interface ClaimStep {
  readonly queue: string;
  readonly lane: Lane;
  readonly count: number;
  readonly alone: boolean;
  readonly leaseMs: number;
}

/** Whether a claim handed out what the model says, in an order that is promised; the model delivers it, too. */
export function checkClaim(
  model: BrokerModel,
  { queue, lane, count, alone, leaseMs }: ClaimStep,
  reply: ClaimReply,
): void {
  const { urgent, lastChance, plain } = model.waiting(queue, lane);
  const claimed = reply.claims.map(
    ({ lease }) => model.messages.get(lease.id) ?? assert.fail(`${lease.id} was handed out`),
  );
  if (alone && urgent.length === 0 && lastChance.length > 0) {
    assert.equal(claimed.length, 1);
    assert.ok(lastChance.includes(claimed[0] as ModelMessage), 'The last chance is handed out by itself.');
  } else {
    const urgentCount = Math.min(count, urgent.length);
    assert.ok(
      claimed.slice(0, urgentCount).every((one) => urgent.includes(one)),
      'What is to be ended comes first.',
    );
    checkOrder(claimed.slice(urgentCount), plain, count - urgentCount);
  }
  for (const [i, one] of reply.claims.entries()) {
    const expected = claimed[i] as ModelMessage;
    const { attempt, crashes, pushedAt, deferredSince } = expected;
    assert.deepEqual(
      {
        verdict: one.verdict,
        attempt: one.attempt,
        crashes: one.crashes,
        waited: one.startedAt - one.submittedAt,
        deferredFor: one.deferredSince === null ? null : one.startedAt - one.deferredSince,
        place: [one.lease.queue, one.lease.lane],
      },
      {
        verdict: model.verdict(expected),
        attempt,
        crashes,
        waited: model.now - pushedAt,
        deferredFor: deferredSince === null ? null : model.now - deferredSince,
        place: [queue, lane],
      },
      `claim of ${one.lease.id}`,
    );
    assert.ok(one.lease.fence > (expected.leases.at(-1)?.fence ?? 0), 'The fence grows.');
    model.deliver(expected, one, leaseMs);
  }
  assert.equal(reply.lastChanceWaiting, model.waiting(queue, lane).lastChance.length > 0, 'lastChanceWaiting');
  assert.equal(reply.nextDueIn, model.nextDueIn(queue, lane), 'nextDueIn');
}

/** As many as there are, lower priorities first, and what is fresh first in, first out. */
function checkOrder(claimed: readonly ModelMessage[], plain: readonly ModelMessage[], count: number): void {
  const byPriority = [...plain].sort((a, b) => a.priority - b.priority || a.order - b.order);
  const expected = byPriority.slice(0, count).map(({ priority }) => priority);
  assert.deepEqual(
    claimed.map(({ priority }) => priority),
    expected,
    'priorities of what was handed out',
  );
  assert.ok(claimed.every((one) => plain.includes(one)) && new Set(claimed).size === claimed.length);
  for (const priority of new Set(expected)) {
    const isFresh = (one: ModelMessage) => one.fresh && one.priority === priority;
    const fresh = claimed.filter(isFresh).map(({ id }) => id);
    const inOrder = byPriority.filter(isFresh).map(({ id }) => id);
    assert.deepEqual(fresh, inOrder.slice(0, fresh.length), 'First in, first out.');
  }
}
