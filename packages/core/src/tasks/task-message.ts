import type { TaskErrorInfo } from '../errors.js';
import { MessageUnreadableError } from '../errors.js';
import type { JsonObject, JsonValue } from './codec.js';
import type { RetryPolicy } from './retry-policy.js';
import type { FinishedTaskResult, UnfinishedTaskResult } from './task-result.js';

/** Of the stored form of messages. A newer one is left to newer workers. */
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

/** The payload of a message. */
export function encodeMessage(call: EncodedCall): string {
  const { max, delay, backoff, maxDelay, jitter } = call.retries;
  const policy = JSON.stringify([max, delay, backoff === 'fixed' ? 0 : 1, maxDelay, jitter ? 1 : 0]);
  return (
    `{"v":${MESSAGE_FORMAT},"task":${JSON.stringify(call.taskName)},"args":${call.argsJson},"retries":${policy}` +
    (call.kwargsJson === null ? '' : `,"kwargs":${call.kwargsJson}`) +
    (call.timeout === null ? '' : `,"timeout":${call.timeout}`) +
    (call.retryOf === null ? '' : `,"retryOf":${JSON.stringify(call.retryOf)}`) +
    '}'
  );
}

/**
 * The call that a payload carries.
 * @throws MessageUnreadableError when it is damaged or of another format
 */
export function decodeMessage(payload: string): TaskMessage {
  const stored = parse(payload);
  if (stored.v !== MESSAGE_FORMAT)
    throw new MessageUnreadableError(`The message has format ${String(stored.v)}; known is ${MESSAGE_FORMAT}.`);
  const { task, args, kwargs = null, retries, timeout = null, retryOf = null } = stored;
  if (typeof task !== 'string' || !Array.isArray(args) || !isPolicy(retries)) {
    throw new MessageUnreadableError('The message lacks its task, arguments or retries.');
  }
  const [max, delay, exponential, maxDelay, jitter] = retries;
  return {
    taskName: task,
    args,
    // Written by encodeMessage of the same format.
    kwargs: kwargs as JsonObject | null,
    retries: { max, delay, backoff: exponential ? 'exponential' : 'fixed', maxDelay, jitter: jitter === 1 },
    timeout: timeout as number | null,
    retryOf: retryOf as string | null,
  };
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
  const version = /^\{"v":(\d+),/.exec(payload)?.[1];
  return version !== undefined && Number(version) > MESSAGE_FORMAT;
}

function parse(payload: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (cause) {
    throw new MessageUnreadableError('The message is not JSON.', { cause });
  }
  if (typeof value !== 'object' || value === null)
    throw new MessageUnreadableError('The message is not a JSON object.');
  return value as Record<string, unknown>;
}

function isPolicy(value: unknown): value is [number, number, number, number, number] {
  return Array.isArray(value) && value.length === 5 && value.every((n) => typeof n === 'number');
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
