import type { BackendWaitOptions, WaitOptions } from '../backends/base-result-backend.js';
import type { Lane } from '../brokers/base-broker.js';
import { TaskCancelledError, type TaskErrorInfo, TaskFailedError, TaskTimeoutError } from '../errors.js';
import { checkOptions, checkSignal } from '../options.js';
import type { JsonValue } from './codec.js';
import type { TaskContract } from './task.js';
import type { FinishedTaskResult, TaskResult } from './task-result.js';
import type { TaskStatus } from './task-status.js';

/** Where a task waits for a worker. */
export interface TaskPlace {
  readonly queue: string;
  readonly lane: Lane;
}

/** What a handle asks of its app. */
export interface HandleSource {
  get(taskId: string): Promise<TaskResult | null>;
  waitFor(taskId: string, place: TaskPlace, options: BackendWaitOptions): Promise<FinishedTaskResult>;
  cancel(taskId: string, queue: string): Promise<boolean>;
}

/** One submitted task, from whichever process: await it, watch it, cancel it. */
export class TaskHandle<Result = unknown> {
  readonly #source: HandleSource;
  readonly #lane: Lane;
  readonly #recorded: boolean;
  readonly taskName: string;
  /** True when a submit with an explicit id found that id known, and so enqueued nothing. */
  readonly known: boolean;

  /** `submitted`: what the submit found that this handle is of; absent where nobody knows whether there is such a task. */
  constructor(
    source: HandleSource,
    readonly id: string,
    task: Pick<TaskContract, 'name' | 'kind'>,
    readonly queue: string,
    submitted: { readonly known: boolean; readonly recorded: boolean } = { known: false, recorded: false },
  ) {
    this.#source = source;
    this.#lane = task.kind;
    this.taskName = task.name;
    this.known = submitted.known;
    this.#recorded = submitted.recorded;
  }

  /**
   * What the task returned, as soon as it ends. Waits without limit unless `timeout` is given.
   * @throws TaskFailedError (TaskTimeoutError when it ran too long), TaskCancelledError: how the task ended
   * @throws WaitTimeoutError, WaitAbortedError: the wait ended, the task goes on
   * @throws ResultNotFoundError when the result was deleted, expired, or lost by the store
   * @throws NoWorkerError on memory, when this process does not serve the task's lane of the queue
   */
  result(options: WaitOptions = {}): Promise<Result> {
    return this.outcome(options).then((outcome) => this.#valueOf(outcome));
  }

  /** How the task ended, whichever way: narrow on `status`. Throws like `result()`, but not for failed and cancelled. */
  // Not async, nor is `result`: each promise costs an awaited task a turn.
  outcome(options: WaitOptions = {}): Promise<FinishedTaskResult<Result>> {
    try {
      const { timeout = null, signal } = checkOptions<WaitOptions>(options, 'wait options', ['timeout', 'signal']);
      checkSignal(signal);
      const place = { queue: this.queue, lane: this.#lane };
      // What was stored is what a handler of this type returned.
      return this.#source.waitFor(this.id, place, { timeout, signal, seen: this.#recorded }) as Promise<
        FinishedTaskResult<Result>
      >;
    } catch (err) {
      return Promise.reject(err);
    }
  }

  #valueOf(outcome: FinishedTaskResult<Result>): Result {
    switch (outcome.status) {
      case 'success':
        return outcome.result;
      case 'cancelled':
        throw new TaskCancelledError(this.id, outcome.taskName);
      case 'failed': {
        const Failure = ranTooLong(outcome.error) ? TaskTimeoutError : TaskFailedError;
        throw new Failure(this.id, outcome.taskName, outcome.error);
      }
    }
  }

  /** All that is known of the task now; null when nothing is. */
  get(): Promise<TaskResult<Result> | null> {
    return this.#source.get(this.id) as Promise<TaskResult<Result> | null>;
  }

  /** Null when nothing is known of the task (any more). */
  async status(): Promise<TaskStatus | null> {
    return (await this.get())?.status ?? null;
  }

  /** What the handler last reported with `taskContext().progress()`. */
  async progress(): Promise<JsonValue | null> {
    return (await this.get())?.progress ?? null;
  }

  /**
   * Asks for the task to end, wherever it is: waiting, delayed or running. A result that comes first stands.
   * @returns false when it had ended already, or is unknown
   */
  cancel(): Promise<boolean> {
    return this.#source.cancel(this.id, this.queue);
  }
}

/** Whether it is a handle; by its parts, because another copy of core may have made it. */
export function isTaskHandle(value: unknown): value is TaskHandle {
  const { id, result } = (value ?? {}) as Partial<TaskHandle>;
  return typeof id === 'string' && typeof result === 'function';
}

/** A handler that passes on the timeout of a task which it awaited fails, but has not run too long itself. */
function ranTooLong({ code, name }: TaskErrorInfo): boolean {
  return code === 'TASK_TIMEOUT' && name !== 'TaskTimeoutError';
}
