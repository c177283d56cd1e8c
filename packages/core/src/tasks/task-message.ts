import type { TaskErrorInfo } from '../errors.js';
import { MessageUnreadableError } from '../errors.js';
import type { JsonObject, JsonValue } from './codec.js';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from './retry-policy.js';
import type { FinishedTaskResult, UnfinishedTaskResult } from './task-result.js';

/** Of the stored form of messages, and of what it leaves out: the retries by default. A newer one is left to newer workers. */
const MESSAGE_FORMAT = 1;

/** One submitted call, as it travels. */
export interface TaskMessage {
  readonly taskName: string;
  readonly args: readonly JsonValue[];
  readonly kwargs: JsonObject | null;
  readonly retries: RetryPolicy;
  /** Milliseconds one attempt may run; null: no limit. */
  readonly timeout: number | null;
  readonly retryOf: string | null;
}

/** A call whose arguments were encoded (and checked) already, so that they are written once. */
export interface EncodedCall extends Omit<TaskMessage, 'args' | 'kwargs'> {
  readonly argsJson: string;
  readonly kwargsJson: string | null;
}

/**
 * The payload of a message: `[format, task name, args]`, and a fourth item for what is not as usual. Short, because
 * every kept result carries it, too.
 */
export function encodeMessage(call: EncodedCall): string {
  const { max, delay, backoff, maxDelay, jitter } = call.retries;
  const more: string[] = [];
  if (call.retries !== DEFAULT_RETRY_POLICY)
    more.push(`"retries":[${max},${delay},${backoff === 'fixed' ? 0 : 1},${maxDelay},${jitter ? 1 : 0}]`);
  if (call.kwargsJson !== null) more.push(`"kwargs":${call.kwargsJson}`);
  if (call.timeout !== null) more.push(`"timeout":${call.timeout}`);
  if (call.retryOf !== null) more.push(`"retryOf":${JSON.stringify(call.retryOf)}`);
  const fourth = more.length > 0 ? `,{${more.join()}}` : '';
  return `[${MESSAGE_FORMAT},${JSON.stringify(call.taskName)},${call.argsJson}${fourth}]`;
}

/**
 * The call that a payload carries.
 * @throws MessageUnreadableError when it is damaged or of another format
 */
export function decodeMessage(payload: string): TaskMessage {
  const [format, taskName, args, more = {}] = parse(payload);
  if (format !== MESSAGE_FORMAT)
    throw new MessageUnreadableError(`The message has format ${String(format)}; known is ${MESSAGE_FORMAT}.`);
  const isCall = typeof taskName === 'string' && Array.isArray(args) && typeof more === 'object' && more !== null;
  if (!isCall) throw new MessageUnreadableError('The message lacks its task or arguments.');
  // Written by encodeMessage of the same format.
  const { retries, kwargs = null, timeout = null, retryOf = null } = more as Partial<StoredOptions>;
  return { taskName, args, kwargs, retries: decodePolicy(retries), timeout, retryOf };
}

interface StoredOptions extends Pick<TaskMessage, 'kwargs' | 'timeout' | 'retryOf'> {
  readonly retries: unknown;
}

/** The call in a payload, or null when it cannot be read. */
export function readMessage(payload: string): TaskMessage | null {
  try {
    return decodeMessage(payload);
  } catch {
    return null;
  }
}

/** Whether the payload was written by a later version of Flowrra, so that a newer worker can read it. */
export function isNewerMessage(payload: string): boolean {
  const version = /^\[(\d+),/.exec(payload)?.[1];
  return version !== undefined && Number(version) > MESSAGE_FORMAT;
}

function parse(payload: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (cause) {
    throw new MessageUnreadableError('The message is not JSON.', { cause });
  }
  if (!Array.isArray(value)) throw new MessageUnreadableError('The message is not a JSON array.');
  return value;
}

function decodePolicy(stored: unknown): RetryPolicy {
  if (stored === undefined) return DEFAULT_RETRY_POLICY;
  if (!Array.isArray(stored) || stored.length !== 5 || stored.some((item) => typeof item !== 'number'))
    throw new MessageUnreadableError('The message lacks its retries.');
  const [max, delay, exponential, maxDelay, jitter] = stored;
  return { max, delay, backoff: exponential ? 'exponential' : 'fixed', maxDelay, jitter: jitter === 1 };
}

/** Where and when a message was handled: what a result says beyond the call itself. */
export interface Delivery {
  readonly taskId: string;
  readonly queue: string;
  readonly attempt: number;
  readonly fence: number;
  readonly submittedAt: number | null;
  readonly startedAt: number | null;
  readonly worker: string | null;
  readonly progress: JsonValue | null;
}

/** The fields that results of every status share. A message that cannot be read has no name and no arguments. */
function describe(message: TaskMessage | null, delivery: Delivery) {
  return {
    taskId: delivery.taskId,
    taskName: message?.taskName ?? '',
    queue: delivery.queue,
    args: message?.args ?? [],
    kwargs: message?.kwargs ?? null,
    attempt: delivery.attempt,
    fence: delivery.fence,
    submittedAt: toDate(delivery.submittedAt),
    startedAt: toDate(delivery.startedAt),
    retries: delivery.attempt - 1,
    progress: delivery.progress,
    worker: delivery.worker,
    retryOf: message?.retryOf ?? null,
  };
}

/** The result of a task that has not ended. */
export function unfinishedResult(
  status: UnfinishedTaskResult['status'],
  message: TaskMessage | null,
  delivery: Delivery,
  error: TaskErrorInfo | null = null,
): UnfinishedTaskResult {
  // Not a spread: copying so many fields into a new object takes microseconds, and every task has three results.
  return Object.assign(describe(message, delivery), { status, finishedAt: null, error });
}

/** The result of a task that has ended. */
export function finishedResult(
  message: TaskMessage | null,
  delivery: Delivery,
  end: { finishedAt: number } & (
    | { status: 'success'; result: JsonValue }
    | { status: 'failed' | 'cancelled'; error: TaskErrorInfo }
  ),
): FinishedTaskResult {
  const { finishedAt, ...how } = end;
  return Object.assign(describe(message, delivery), how, { finishedAt: new Date(finishedAt) });
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
