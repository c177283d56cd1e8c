import assert from 'node:assert/strict';
import type { ClaimRequest, NewMessage, PushReply } from '../../brokers/base-broker.js';
import type { ClaimedTask, SubmitReply, TaskOutcome, TaskStore } from '../../stores/task-store.js';
import type { JsonValue } from '../../tasks/codec.js';
import { encodeMessage, type TaskMessage } from '../../tasks/task-message.js';
import type { TaskResult } from '../../tasks/task-result.js';
import { LEASE, message, QUEUE } from '../broker/broker-steps.js';
import { eventually } from '../expectations.js';
import { SAMPLE_CALL, SAMPLE_ERROR } from '../sample-results.js';

export { LEASE, QUEUE };

/** The payload of a call. */
export function payloadOf(call: TaskMessage): string {
  const { args, kwargs, ...rest } = call;
  return encodeMessage({ ...rest, argsJson: JSON.stringify(args), kwargsJson: kwargs && JSON.stringify(kwargs) });
}

/** A message that carries the sample call. */
export function task(id: string, changes: Partial<NewMessage> = {}): NewMessage {
  return message(id, { payload: payloadOf(SAMPLE_CALL), ...changes });
}

/** Submits sample calls, in one call of the store. */
export function submit(
  store: TaskStore,
  ids: readonly string[],
  changes: Partial<NewMessage> = {},
): Promise<SubmitReply[]> {
  return store.submit(ids.map((id) => task(id, changes)));
}

/** Claims up to 100 tasks for `worker-1`, which does other things too, unless told otherwise. */
export async function claim(store: TaskStore, changes: Partial<ClaimRequest> = {}): Promise<readonly ClaimedTask[]> {
  const request = { queue: QUEUE, lane: 'io' as const, count: 100, worker: 'worker-1', leaseMs: LEASE, alone: false };
  return (await store.claim({ ...request, ...changes })).claims;
}

/** The one task that a claim hands out. */
export async function claimOne(store: TaskStore, changes: Partial<ClaimRequest> = {}): Promise<ClaimedTask> {
  const [one] = await claim(store, { count: 1, ...changes });
  assert.ok(one, 'A task should be handed out, but the claim is empty.');
  return one;
}

/** Claims until a task is handed out; a store may need a second of its time to find leases that ended. */
export async function claimEventually(
  { store, advance }: { store: TaskStore; advance(ms: number): Promise<void> },
  changes: Partial<ClaimRequest> = {},
): Promise<ClaimedTask> {
  let [one] = await claim(store, { count: 1, ...changes });
  await eventually(
    'a task that comes back',
    async () => {
      if (!one) [one] = await claim(store, { count: 1, ...changes });
      return one !== undefined;
    },
    advance,
  );
  return one as ClaimedTask;
}

export function succeeded(value: JsonValue, progress: JsonValue = null): TaskOutcome {
  return {
    status: 'success',
    resultJson: JSON.stringify(value),
    progressJson: progress === null ? null : JSON.stringify(progress),
  };
}

export function ended(status: 'failed' | 'cancelled', deadLetter?: string): TaskOutcome {
  return { status, error: SAMPLE_ERROR, progressJson: null, deadLetter };
}

/** What a result must say of the sample call, whatever its status. */
export function describesSample(
  result: TaskResult | null,
  id: string,
  reply: PushReply | undefined,
): asserts result is TaskResult {
  assert.ok(result, `There should be a result of ${id}.`);
  const { taskId, taskName, queue, args, kwargs, retryOf, submittedAt } = result;
  const { args: sampleArgs, kwargs: sampleKwargs, taskName: sampleName, retryOf: sampleRetryOf } = SAMPLE_CALL;
  assert.deepEqual(
    { taskId, taskName, queue, args, kwargs, retryOf, submittedAt },
    {
      taskId: id,
      taskName: sampleName,
      queue: QUEUE,
      args: sampleArgs,
      kwargs: sampleKwargs,
      retryOf: sampleRetryOf,
      submittedAt: new Date(reply?.submittedAt ?? Number.NaN),
    },
  );
}
