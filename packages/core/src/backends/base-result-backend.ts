import type { BaseBroker } from '../brokers/base-broker.js';
import { CONTRACT, type StoreContext } from '../contract.js';
import type { Duration } from '../duration.js';
import { NotImplementedError } from '../errors.js';
import type { FinishedTaskResult, TaskResult } from '../tasks/task-result.js';
import type { TaskStatus } from '../tasks/task-status.js';

/** How long to wait, and how to give up earlier. */
export interface WaitOptions {
  /** Default 10 s; `null` waits without limit. */
  timeout?: Duration | null | undefined;
  signal?: AbortSignal | undefined;
}

/** What a backend is told about a wait. */
export interface BackendWaitOptions extends WaitOptions {
  /** Whether the id was stored before: when nothing is there any more, there is nothing to wait for. Default false. */
  seen?: boolean | undefined;
}

/** A page of a listing. */
export interface Page {
  /** Most results to return; `null` or absent means all of them. */
  limit?: number | null | undefined;
  /** Results to skip first; default 0. */
  offset?: number | undefined;
}

/** How long `waitFor` waits when no timeout is given, in milliseconds. */
export const DEFAULT_WAIT_TIMEOUT = 10_000;

/**
 * Stores what became of tasks. Extend it to keep results in a store of your own: `store`, `get` and `waitFor` are
 * enough; prove it with `describeResultBackend` of `@flowrra/core/conformance`. Task ids are 1 to 128 characters out of
 * `A-Z a-z 0-9 . _ : / @ -`, told apart by case. A result whose time to live is over is as if it had never been stored.
 *
 * @example
 * class FileBackend extends BaseResultBackend {
 *   async store(taskId, result) { … mayReplace(old, result) … encodeTaskResult(result) … }
 *   async get(taskId) { … decodeTaskResult(taskId, text) … }
 *   waitFor(taskId, options) { return pollUntilFinished(this, taskId, options); }
 * }
 */
export abstract class BaseResultBackend {
  readonly [CONTRACT] = 'result-backend@1';

  /** What this backend can do beyond the three required methods; read by callers and by the conformance suite. */
  readonly supports: { readonly delete: boolean; readonly clear: boolean; readonly listByStatus: boolean } = {
    delete: false,
    clear: false,
    listByStatus: false,
  };

  /**
   * Stores a result, if `mayReplace(stored, result)` says so; check and write are one atomic step.
   * @returns false when it was refused as stale
   */
  abstract store(taskId: string, result: TaskResult): Promise<boolean>;

  /**
   * The stored result, or null when there is none (any more).
   * @throws ResultUnreadableError when it is damaged or written by a newer version
   */
  abstract get(taskId: string): Promise<TaskResult | null>;

  /**
   * The final result, as soon as there is one. An id that was not seen yet is waited for.
   * @throws WaitTimeoutError after `timeout` (default 10 s); the task goes on
   * @throws ResultNotFoundError when the result was there and is gone
   * @throws WaitAbortedError when the signal aborts
   */
  abstract waitFor(taskId: string, options?: BackendWaitOptions): Promise<FinishedTaskResult>;

  /** Removes one result; who waits for it hears ResultNotFoundError. @returns false when there was none */
  delete(_taskId: string): Promise<boolean> {
    return Promise.reject(new NotImplementedError(`${this.constructor.name}.delete()`));
  }

  /** Removes all results of this backend's namespace, as `delete` does. @returns how many */
  clear(): Promise<number> {
    return Promise.reject(new NotImplementedError(`${this.constructor.name}.clear()`));
  }

  /**
   * Results with that status, newest `submittedAt` first (ties by task id, descending), those without one last.
   * Unreadable ones are left out and logged.
   * @throws ArgumentError when `limit` or `offset` is no count
   */
  listByStatus(_status: TaskStatus, _page?: Page): Promise<TaskResult[]> {
    return Promise.reject(new NotImplementedError(`${this.constructor.name}.listByStatus()`));
  }

  /**
   * The broker that belongs to this backend, for an app that was given only the backend; null when there is none, and
   * messages then stay in memory.
   */
  createBroker(_options: Record<string, unknown>): BaseBroker | null {
    return null;
  }

  /** Called once before the first use by an app. Constructors open nothing. */
  async open(_context: StoreContext): Promise<void> {}

  /**
   * Frees what the backend opened. Waits that are under way end with StoppedError, and so does every call from now on. May
   * be called more than once.
   */
  async close(): Promise<void> {}
}
