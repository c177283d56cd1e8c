import {
  decodeTaskResult,
  finishedResult,
  type JsonValue,
  ResultUnreadableError,
  readMessage,
  type TaskErrorInfo,
  type TaskOutcome,
  type TaskResult,
  unfinishedResult,
} from '@flowrra/core';
import { type EndRecord, type MessageRecord, parseLease, parseRecord } from './redis-records.js';

/** How an outcome is stored behind the payload. Result and progress are JSON already. */
export function encodeOutcome(outcome: TaskOutcome): string {
  const progress = outcome.progressJson ?? 'null';
  return outcome.status === 'success'
    ? `{"progress":${progress},"result":${outcome.resultJson}}`
    : `{"progress":${progress},"error":${JSON.stringify(outcome.error)}}`;
}

/**
 * The result that a record tells of; the lease of a message that runs belongs to it.
 * @throws ResultUnreadableError when it is damaged or of a newer format
 */
export function recordToResult(taskId: string, bytes: Buffer, lease: string | null): TaskResult {
  const record = parseRecord(bytes);
  if (!record) throw new ResultUnreadableError(taskId, 'its record is damaged');
  try {
    if (record.kind === 'result') return decodeTaskResult(taskId, record.body.toString());
    return record.kind === 'end' ? endToResult(taskId, record) : messageToResult(taskId, record, lease);
  } catch (cause) {
    if (cause instanceof ResultUnreadableError) throw cause;
    throw new ResultUnreadableError(taskId, 'its record is damaged', { cause });
  }
}

function endToResult(taskId: string, record: EndRecord): TaskResult {
  // Written by encodeOutcome.
  const { progress, result, error } = JSON.parse(record.outcome.toString()) as {
    progress: JsonValue;
    result?: JsonValue;
    error?: TaskErrorInfo;
  };
  const status = record.status;
  const end = { finishedAt: record.finishedAt };
  const message = readMessage(record.payload.toString());
  const delivery = { ...record.delivery, taskId, progress };
  if (status === 'success' && result !== undefined)
    return finishedResult(message, delivery, { ...end, status, result });
  if ((status === 'failed' || status === 'cancelled') && error)
    return finishedResult(message, delivery, { ...end, status, error });
  throw new ResultUnreadableError(taskId, 'its outcome does not fit its status');
}

/** The message is its own record until it ends: running while somebody holds it, retrying once somebody did. */
function messageToResult(taskId: string, record: MessageRecord, leaseText: string | null): TaskResult {
  const message = readMessage(record.payload.toString());
  const { queue, attempt, fence, submittedAt } = record;
  const delivery = {
    taskId,
    queue,
    attempt,
    fence,
    submittedAt,
    startedAt: record.startedAt || null,
    worker: record.worker,
    progress: null,
  };
  const error = record.lastError.length > 0 ? (JSON.parse(record.lastError.toString()) as TaskErrorInfo) : null;
  const lease = leaseText === null ? null : parseLease(leaseText);
  if (lease) {
    const progress = lease.progress === '' ? null : (JSON.parse(lease.progress) as JsonValue);
    return unfinishedResult('running', message, {
      ...delivery,
      fence: lease.fence,
      startedAt: lease.startedAt,
      worker: lease.worker,
      progress,
    });
  }
  return unfinishedResult(fence === 0 ? 'pending' : 'retrying', message, delivery, error);
}
