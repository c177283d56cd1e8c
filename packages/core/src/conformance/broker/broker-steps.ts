import assert from 'node:assert/strict';
import type { BaseBroker, Claim, ClaimReply, ClaimRequest, Lease, NewMessage } from '../../brokers/base-broker.js';
import { eventually } from '../expectations.js';

/** How long the tests hold messages, in milliseconds: long beside everything else that they do. */
export const LEASE = 600_000;
export const QUEUE = 'default';

/** A plain message, ready at once, unless told otherwise. */
export function message(id: string, changes: Partial<NewMessage> = {}): NewMessage {
  return {
    id,
    queue: QUEUE,
    lane: 'io',
    priority: 0,
    runAt: null,
    expiresAt: null,
    remembered: false,
    origin: null,
    payload: `payload of ${id}`,
    ...changes,
  };
}

/** Pushes plain messages, in one call. */
export function push(broker: BaseBroker, ids: readonly string[], changes: Partial<NewMessage> = {}) {
  return broker.push(ids.map((id) => message(id, changes)));
}

/** Claims up to 100 messages of the I/O lane, for a worker that does other things too, unless told otherwise. */
export function claim(broker: BaseBroker, changes: Partial<ClaimRequest> = {}): Promise<ClaimReply> {
  return broker.claim({
    queue: QUEUE,
    lane: 'io',
    count: 100,
    worker: 'worker-1',
    leaseMs: LEASE,
    alone: false,
    ...changes,
  });
}

export async function claimIds(broker: BaseBroker, changes: Partial<ClaimRequest> = {}): Promise<string[]> {
  return (await claim(broker, changes)).claims.map((one) => one.lease.id);
}

/** The one message that a claim hands out. */
export async function claimOne(broker: BaseBroker, changes: Partial<ClaimRequest> = {}): Promise<Claim> {
  const { claims } = await claim(broker, { count: 1, ...changes });
  const [one] = claims;
  assert.ok(one, 'A message should be handed out, but the claim is empty.');
  return one;
}

/** Claims until something is handed out; a store may need a second of its time to find leases that ended. */
export async function claimEventually(
  { broker, advance }: { broker: BaseBroker; advance(ms: number): Promise<void> },
  changes: Partial<ClaimRequest> = {},
): Promise<ClaimReply> {
  let reply = await claim(broker, changes);
  await eventually(
    'a message that comes back',
    async () => {
      if (reply.claims.length === 0) reply = await claim(broker, changes);
      return reply.claims.length > 0;
    },
    advance,
  );
  return reply;
}

/** Ends messages, which must still be held. */
export async function ack(broker: BaseBroker, ...leases: Lease[]): Promise<void> {
  assert.deepEqual(
    await broker.ack(leases.map((lease) => ({ lease }))),
    leases.map(() => true),
  );
}
