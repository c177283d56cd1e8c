import assert from 'node:assert/strict';
import type { TaskOutcome } from '../../stores/task-store.js';
import { DEFAULT_RETRY_POLICY } from '../../tasks/retry-policy.js';
import { encodeMessage, finishedResult, unfinishedResult } from '../../tasks/task-message.js';
import type { TaskResult } from '../../tasks/task-result.js';
import type { ModelOutcome, ModelResult } from './task-store-model.js';

/** What a store is given for what the model says. `epoch`: the store's time at which the model's began. */
export function toResult(id: string, result: ModelResult, epoch: number): TaskResult {
  const { status, order, error, value, submittedAt, finishedAt } = result;
  const delivery = { ...result, taskId: id, submittedAt: epoch + submittedAt, startedAt: null };
  const call = callOf(order);
  if (status === 'pending' || status === 'running' || status === 'retrying')
    return unfinishedResult(status, call, delivery);
  const at = epoch + (finishedAt ?? 0);
  return status === 'success'
    ? finishedResult(call, delivery, { status, finishedAt: at, result: value })
    : finishedResult(call, delivery, { status, finishedAt: at, error: { name: 'Error', message: error ?? '' } });
}

/** What the model would have to say for what a store shows. */
export function fromResult(result: TaskResult | null, epoch: number): ModelResult | null {
  if (result === null) return null;
  const since = (date: Date | null) => (date === null ? null : date.getTime() - epoch);
  const { status, queue, attempt, fence, worker } = result;
  assert.equal(result.retries, attempt - 1);
  return {
    status,
    // What the model made itself.
    order: result.args[0] as number,
    queue,
    attempt,
    fence,
    submittedAt: since(result.submittedAt) ?? Number.NaN,
    startedAt: since(result.startedAt),
    finishedAt: since(result.finishedAt),
    worker,
    progress: result.progress as number | null,
    error: ('error' in result && result.error?.message) || null,
    value: 'result' in result ? (result.result as string) : null,
  };
}

export function toOutcome({ status, text, progress, dead }: ModelOutcome): TaskOutcome {
  const progressJson = JSON.stringify(progress);
  if (status === 'success') return { status, resultJson: JSON.stringify(text), progressJson };
  const error = { name: 'Error', message: text };
  return { status, error, progressJson, deadLetter: dead ? 'given up' : undefined };
}

/** The payload tells which submission it is, so that no two are mixed up. */
export function payloadOf(order: number): string {
  const { args, kwargs: _none, ...rest } = callOf(order);
  return encodeMessage({ ...rest, argsJson: JSON.stringify(args), kwargsJson: null });
}

function callOf(order: number) {
  const rest = { retries: DEFAULT_RETRY_POLICY, timeout: null, retryOf: null };
  return { taskName: 'reports.build', args: [order], kwargs: null, ...rest };
}
