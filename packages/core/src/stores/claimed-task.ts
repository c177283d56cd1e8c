import type { Claim, ClaimRequest } from '../brokers/base-broker.js';
import { readMessage } from '../tasks/task-message.js';
import type { ClaimedTask } from './task-store.js';

/** A claim with the call in it read. Field by field: copying so many by a spread costs more than all the rest. */
export function claimedTask(claim: Claim, { worker, leaseMs }: ClaimRequest): ClaimedTask {
  const { lease, verdict, payload, attempt, crashes, submittedAt, startedAt, deferredSince } = claim;
  const message = readMessage(payload);
  return {
    lease,
    verdict,
    payload,
    attempt,
    crashes,
    submittedAt,
    startedAt,
    deferredSince,
    message,
    worker,
    leaseMs,
  };
}
