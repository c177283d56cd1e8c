import type { TaskErrorInfo } from '../errors.js';
import type { JsonObject, JsonValue } from './codec.js';
import { isFinal, NEXT_STATUSES } from './task-status.js';

interface TaskRecord {
  readonly taskId: string;
  readonly taskName: string;
  readonly queue: string;
  readonly args: readonly JsonValue[];
  readonly kwargs: JsonObject | null;
  /** Runs that ended, plus one: 1 in the first attempt. */
  readonly attempt: number;
  /** How often the message was handed to a worker; a later delivery has a higher one. */
  readonly fence: number;
  readonly submittedAt: Date | null;
  /** When the latest attempt started. */
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Attempts after the first, so far. */
  readonly retries: number;
  /** What the handler last reported. */
  readonly progress: JsonValue | null;
  /** The process that runs or last ran the task. */
  readonly worker: string | null;
  /** The finished task that this one repeats, if an operator asked for it. */
  readonly retryOf: string | null;
}

/** A task that has not ended; `error` is that of its last attempt, if one failed. */
export interface UnfinishedTaskResult extends TaskRecord {
  readonly status: 'pending' | 'running' | 'retrying';
  readonly error: TaskErrorInfo | null;
}
export interface SuccessTaskResult<T = unknown> extends TaskRecord {
  readonly status: 'success';
  readonly result: T;
}
export interface FailedTaskResult extends TaskRecord {
  readonly status: 'failed' | 'cancelled';
  readonly error: TaskErrorInfo;
}

/** How a task ended: narrow on `status`. */
export type FinishedTaskResult<T = unknown> = SuccessTaskResult<T> | FailedTaskResult;

/** All that is known of a task: narrow on `status` to reach `result` or `error`. */
export type TaskResult<T = unknown> = UnfinishedTaskResult | FinishedTaskResult<T>;

/** Whether the task has ended. */
export function isFinished<T>(result: TaskResult<T>): result is FinishedTaskResult<T> {
  return isFinal(result.status);
}

/** What `mayReplace` needs to know of a result; a whole one serves as well. */
export type ResultStamp = Pick<TaskResult, 'status' | 'fence' | 'submittedAt'>;

/**
 * Whether a backend that holds `old` must accept `next`: the one rule behind "one final result per task, the first
 * accepted one". A final status and a higher fence refuse. A PENDING that was submitted later is a new task under an id
 * that may be used again (after `dedupeWindow`, or a purge), so it replaces what its forerunner left, ended or not.
 */
export function mayReplace(old: ResultStamp | null, next: ResultStamp): boolean {
  if (old === null) return true;
  if (next.status === 'pending') return submittedLater(next, old);
  if (isFinal(old.status) || next.fence < old.fence) return false;
  if (next.fence > old.fence) return true;
  // Within one delivery a late RUNNING must not hide the RETRYING that followed it; over RUNNING it is progress.
  return NEXT_STATUSES[old.status].includes(next.status) && (next.status !== 'running' || old.status === 'running');
}

function submittedLater(next: ResultStamp, old: ResultStamp): boolean {
  return next.submittedAt !== null && old.submittedAt !== null && next.submittedAt > old.submittedAt;
}
