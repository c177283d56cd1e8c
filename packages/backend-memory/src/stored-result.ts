import {
  decodeTaskResult,
  finishedResult,
  isFinal,
  type JsonValue,
  type ResultStamp,
  readMessage,
  type TaskErrorInfo,
  type TaskResult,
  type TaskStatus,
  unfinishedResult,
} from '@flowrra/core';
import type { StatusIndex } from './status-index.js';

/** What is known of a task. Texts and numbers only, which nobody can change: a result is made of them for each reader. */
export interface TaskParts {
  readonly payload: string;
  readonly queue: string;
  readonly attempt: number;
  /** Epoch ms. */
  readonly startedAt: number | null;
  readonly worker: string | null;
  readonly progressJson: string | null;
  /** When the task came to its status, epoch ms. */
  readonly since: number;
  /** The result of a success, else the error of the attempt that failed last. */
  readonly outcomeJson: string | null;
}

/** What is written of a task: the stored form of a whole result, or the parts of one that was never put together. */
export type ResultContent = string | TaskParts;

/** A result that is to be stored. */
export interface ResultEntry {
  readonly taskId: string;
  /** Epoch ms, or -Infinity when it is not known. */
  readonly submitted: number;
  readonly status: TaskStatus;
  readonly fence: number;
  readonly content: ResultContent;
}

/** A stored result: its content, and beside it what is asked for without reading that. */
export class StoredResult implements ResultEntry, ResultStamp {
  readonly taskId: string;
  readonly submitted: number;
  status: TaskStatus;
  fence: number;
  content: ResultContent;
  index: StatusIndex<StoredResult> | null = null;

  constructor({ taskId, submitted, status, fence, content }: ResultEntry) {
    this.taskId = taskId;
    this.submitted = submitted;
    this.status = status;
    this.fence = fence;
    this.content = content;
  }

  get submittedAt(): Date | null {
    return Number.isFinite(this.submitted) ? new Date(this.submitted) : null;
  }

  /** A result of the reader's own. */
  read(): TaskResult {
    const { taskId, submitted, status, fence, content } = this;
    if (typeof content === 'string') return decodeTaskResult(taskId, content);
    const { payload, queue, attempt, startedAt, worker, since } = content;
    const message = readMessage(payload);
    const progress = parse(content.progressJson) as JsonValue;
    const delivery = { taskId, queue, attempt, fence, submittedAt: submitted, startedAt, worker, progress };
    const outcome = parse(content.outcomeJson);
    if (!isFinal(status)) return unfinishedResult(status, message, delivery, outcome as TaskErrorInfo | null);
    return status === 'success'
      ? finishedResult(message, delivery, { status, finishedAt: since, result: outcome as JsonValue })
      : finishedResult(message, delivery, { status, finishedAt: since, error: outcome as TaskErrorInfo });
  }
}

function parse(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}
