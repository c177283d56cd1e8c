import {
  decodeTaskResult,
  finishedResult,
  type JsonValue,
  ResultUnreadableError,
  readMessage,
  type TaskErrorInfo,
  type TaskResult,
  unfinishedResult,
} from '@flowrra/core';
import { type EndRecord, type MessageRecord, parseLease, parseRecord } from './redis-records.js';

/**
 * The result that a record tells of; the lease of a message that runs belongs to it.
 * @throws ResultUnreadableError when it is damaged or of a newer format
 */
export function recordToResult(taskId: string, bytes: Buffer, lease: string | null): TaskResult {
  const record = parseRecord(bytes);
  if (!record) throw new ResultUnreadableError(taskId, 'its record is damaged');
  try {
    if (record.kind === 'result') return decodeTaskResult(taskId, record.body);
    return record.kind === 'end' ? endToResult(taskId, record) : messageToResult(taskId, record, lease);
  } catch (cause) {
    if (cause instanceof ResultUnreadableError) throw cause;
    throw new ResultUnreadableError(taskId, 'its record is damaged', { cause });
  }
}

function endToResult(taskId: string, record: EndRecord): TaskResult {
  const message = readMessage(record.payload);
  const progress = record.progress !== '' ? (JSON.parse(record.progress) as JsonValue) : null;
  const { status, finishedAt } = record;
  const { queue, attempt, fence, submittedAt, startedAt, worker } = record.delivery;
  const delivery = { taskId, queue, attempt, fence, submittedAt, startedAt, worker, progress };
  // Written by the finish of RedisTaskStore.
  const outcome: unknown = JSON.parse(record.outcome);
  if (status === 'success')
    return finishedResult(message, delivery, { finishedAt, status, result: outcome as JsonValue });
  if (status === 'failed' || status === 'cancelled')
    return finishedResult(message, delivery, { finishedAt, status, error: outcome as TaskErrorInfo });
  throw new ResultUnreadableError(taskId, 'its status is not one of an end');
}

/** The message is its own record until it ends: running while somebody holds it, retrying once somebody did. */
function messageToResult(taskId: string, record: MessageRecord, leaseText: string | null): TaskResult {
  const message = readMessage(record.payload);
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
  const error = record.lastError !== '' ? (JSON.parse(record.lastError) as TaskErrorInfo) : null;
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
