import { type Duration, parseDuration } from './duration.js';

/** What a failed or cancelled task leaves in its result: plain data, at most 16 KB. */
export interface TaskErrorInfo {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: TaskErrorInfo;
  /** True when a part was cut to keep the stored error small. */
  readonly truncated?: boolean;
}

/** The parent of everything Flowrra throws. `code` is stable and safe to compare; the message says what to do. */
export abstract class FlowrraError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

// ── Wrong use ────────────────────────────────────────────────────────────────────────────────────────────────────

/** An option has a wrong value, or no such option exists. `option` is its path, as in `executor.ioWorkers`. */
export class ConfigError extends FlowrraError {
  readonly code = 'INVALID_CONFIG';
  constructor(
    readonly option: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A call got an argument that it cannot take; `argument` names it. */
export class ArgumentError extends FlowrraError {
  readonly code = 'INVALID_ARGUMENT';
  constructor(
    readonly argument: string,
    message: string,
  ) {
    super(message);
  }
}

/** A value would not survive the trip through JSON unchanged. `path` says where it is, as in `args[0].when`. */
export class SerializationError extends FlowrraError {
  readonly code = 'NOT_SERIALIZABLE';
  constructor(
    readonly path: string,
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(`${path} ${reason}. Arguments and results are plain JSON: convert it before passing it on.`, options);
  }
}

/** A value is larger than its limit; both in bytes of UTF-8 JSON. */
export class PayloadTooLargeError extends FlowrraError {
  readonly code = 'PAYLOAD_TOO_LARGE';
  constructor(
    readonly path: string,
    readonly limit: number,
  ) {
    super(`${path} is larger than ${limit} bytes. Store the data elsewhere and pass a reference to it.`);
  }
}

/** A value does not match the schema that its task declares. `issues` are those of the schema library. */
export class SchemaError extends FlowrraError {
  readonly code = 'SCHEMA_MISMATCH';
  constructor(
    readonly path: string,
    readonly issues: readonly { readonly message: string; readonly path: string }[],
  ) {
    super(
      `${path} does not match the task's schema: ${issues.map((i) => (i.path ? `${i.path}: ` : '') + i.message).join('; ')}`,
    );
  }
}

/** This process knows no task of that name. */
export class TaskNotFoundError extends FlowrraError {
  readonly code = 'TASK_NOT_FOUND';
  constructor(readonly taskName: string) {
    super(
      `No task "${taskName}" is registered here. Register it with app.task() or app.implement() before use, or pass its ` +
        'contract, from defineTask().',
    );
  }
}

/** A second task is registered under a name that is taken. */
export class TaskExistsError extends FlowrraError {
  readonly code = 'TASK_EXISTS';
  constructor(readonly taskName: string) {
    super(`A task "${taskName}" is registered already. Give every task a name of its own.`);
  }
}

/** An optional method of a contract that this implementation does not have. */
export class NotImplementedError extends FlowrraError {
  readonly code = 'NOT_IMPLEMENTED';
  constructor(what: string) {
    super(`${what} is not implemented. Use a store that supports it, or override it in yours.`);
  }
}

/** The app or store was stopped or closed, and is used again. */
export class StoppedError extends FlowrraError {
  readonly code = 'STOPPED';
  constructor(what: string) {
    super(`${what} was stopped. Create a new one to go on.`);
  }
}

// ── Stores ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A store cannot be made, reached or understood. Its children say which; `cause` is the driver's error. */
export class BackendError extends FlowrraError {
  readonly code: string = 'BACKEND_ERROR';
}

/** The address of a store has a form or a parameter that is not allowed. Never shows the password. */
export class InvalidUrlError extends BackendError {
  override readonly code = 'INVALID_URL';
}

/** No package is known for the URL's scheme. */
export class UnsupportedSchemeError extends BackendError {
  override readonly code = 'UNSUPPORTED_SCHEME';
  constructor(
    readonly scheme: string,
    known: readonly string[],
    whatElse = 'None given means memory. Add a scheme with registerBackend(), or pass an instance.',
  ) {
    super(`No store is known for "${scheme}:". Known: ${known.map((k) => `${k}:`).join(' ')}. ${whatElse}`);
  }
}

/** The package that serves a scheme is not installed. */
export class MissingPackageError extends BackendError {
  override readonly code = 'MISSING_PACKAGE';
  constructor(
    readonly packageName: string,
    why: string,
    options?: { cause?: unknown },
  ) {
    super(`${why} needs ${packageName}, which is not installed. Run: pnpm add ${packageName}`, options);
  }
}

/** The store did not answer, or refuses to work for now (down, loading, read-only). Safe to try again. */
export class StoreUnavailableError extends BackendError {
  override readonly code = 'STORE_UNAVAILABLE';
}

/** The store is out of room and refuses writes. */
export class StoreFullError extends BackendError {
  override readonly code = 'STORE_FULL';
}

/** A stored result cannot be read: damaged, or written by a newer version. */
export class ResultUnreadableError extends BackendError {
  override readonly code = 'RESULT_UNREADABLE';
  constructor(
    readonly taskId: string,
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(`The stored result of task ${taskId} cannot be read: ${reason}.`, options);
  }
}

// ── Submitting ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The queue holds as many waiting tasks as `broker.maxQueueSize` allows; nothing was enqueued. */
export class QueueFullError extends FlowrraError {
  readonly code = 'QUEUE_FULL';
  constructor(
    readonly queue: string,
    readonly limit: number,
  ) {
    super(
      `Queue "${queue}" holds its limit of ${limit} waiting tasks. Submit again later, or raise broker.maxQueueSize.`,
    );
  }
}

/** The store went away after a submit was sent: the task may be enqueued or not. Submit again with the same id. */
export class IndeterminateSubmitError extends FlowrraError {
  readonly code = 'INDETERMINATE_SUBMIT';
  constructor(
    readonly taskIds: readonly string[],
    options?: { cause?: unknown },
  ) {
    super(
      `The store did not confirm the submit of ${taskIds.slice(0, 3).join(', ')}${taskIds.length > 3 ? ', …' : ''}: ` +
        'it may be enqueued or not. Submitting it again with the same id enqueues it once.',
      options,
    );
  }
}

// ── Waiting ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The wait ended, the task did not: it goes on. `timeout` is in milliseconds. */
export class WaitTimeoutError extends FlowrraError {
  readonly code = 'WAIT_TIMEOUT';
  constructor(
    readonly taskId: string,
    readonly timeout: number,
  ) {
    super(
      `Task ${taskId} did not finish within ${timeout} ms. The wait is over, the task is not: wait again, or cancel it.`,
    );
  }
}

/** A wait was ended by its AbortSignal; `cause` is the signal's reason. */
export class WaitAbortedError extends FlowrraError {
  readonly code = 'WAIT_ABORTED';
  constructor(what: string, reason: unknown) {
    super(`${what} was aborted by its signal.`, { cause: reason });
  }
}

/** The result was there and is gone: deleted, cleared, expired, or lost by the store. */
export class ResultNotFoundError extends FlowrraError {
  readonly code = 'RESULT_NOT_FOUND';
  constructor(readonly taskId: string) {
    super(`The result of task ${taskId} is gone: it was deleted, its time to live ended, or its store lost it.`);
  }
}

/** Somebody awaits a task on a memory queue that no worker of this process serves. */
export class NoWorkerError extends FlowrraError {
  readonly code = 'NO_WORKER';
  constructor(
    readonly taskId: string,
    readonly queue: string,
    readonly lane: string,
  ) {
    super(
      `Task ${taskId} waits in the ${lane} lane of memory queue "${queue}", which nobody serves: memory is not shared with ` +
        'other processes. Register its code, serve the queue and call app.start() here, or use a shared store.',
    );
  }
}

// ── How a task ended, as thrown by handle.result() ───────────────────────────────────────────────────────────────

/** The task ended as `failed`; `error` is what was stored. */
export class TaskFailedError extends FlowrraError {
  readonly code: string = 'TASK_FAILED';
  constructor(
    readonly taskId: string,
    readonly taskName: string,
    readonly error: TaskErrorInfo,
  ) {
    super(`Task ${taskName} (${taskId}) failed: ${error.name}: ${error.message}`);
  }
}

/** The last attempt of the task ran longer than its `timeout` and was stopped. */
export class TaskTimeoutError extends TaskFailedError {
  override readonly code = 'TASK_TIMEOUT';
}

/** The task was cancelled before it could finish. */
export class TaskCancelledError extends FlowrraError {
  readonly code = 'TASK_CANCELLED';
  constructor(
    readonly taskId: string,
    readonly taskName: string,
  ) {
    super(`Task ${taskName} (${taskId}) was cancelled.`);
  }
}

// ── Thrown by handlers to steer retries ──────────────────────────────────────────────────────────────────────────

/** Throw it in a handler: the task fails at once, without another attempt. */
export class PermanentError extends FlowrraError {
  readonly code = 'PERMANENT';
}

/** Throw it in a handler: the task is tried again after `delay`, if attempts are left. */
export class RetryLater extends FlowrraError {
  readonly code = 'RETRY_LATER';
  /** Milliseconds. */
  readonly delay: number;

  /** @throws ArgumentError when `delay` is no duration */
  constructor(delay: Duration, message = 'The task asked to be tried again later.', options?: { cause?: unknown }) {
    super(message, options);
    this.delay = parseDuration(delay, 'delay');
  }
}

// ── Reasons of an attempt's AbortSignal, and causes of a failure ─────────────────────────────────────────────────

/** An attempt ran longer than the task's `timeout` (milliseconds). */
export class AttemptTimeoutError extends FlowrraError {
  readonly code = 'TASK_TIMEOUT';
  constructor(readonly timeout: number) {
    super(`The attempt ran longer than its timeout of ${timeout} ms and was stopped.`);
  }
}

/** Somebody cancelled the task while it ran. */
export class CancelRequestedError extends FlowrraError {
  readonly code = 'TASK_CANCELLED';
  constructor() {
    super('The task was cancelled.');
  }
}

/** The worker lost its lease, so another one may run the task: this attempt's result is refused. */
export class LeaseLostError extends FlowrraError {
  readonly code = 'LEASE_LOST';
  constructor(readonly taskId: string) {
    super(`The lease of task ${taskId} ended while it ran; its result will be refused. Do not block the event loop.`);
  }
}

/** The worker stops and its grace is over; the task goes back to the queue. */
export class WorkerStoppingError extends FlowrraError {
  readonly code = 'WORKER_STOPPING';
  constructor() {
    super('The worker is stopping; the task goes back to its queue.');
  }
}

/** The process or thread that ran the task died, too often to try again. */
export class WorkerLostError extends FlowrraError {
  readonly code = 'WORKER_LOST';
}

/** The task waited past its `expires` and never started. */
export class TaskExpiredError extends FlowrraError {
  readonly code = 'TASK_EXPIRED';
  constructor() {
    super('The task expired before it was started.');
  }
}

/** The stored bytes of a message are not a message; they are kept as a dead letter. */
export class MessageUnreadableError extends FlowrraError {
  readonly code = 'MESSAGE_UNREADABLE';
}

/** The module of a CPU task cannot be loaded, or does not export the function. */
export class CpuModuleError extends FlowrraError {
  readonly code = 'CPU_MODULE';
}

// ── Schedules ────────────────────────────────────────────────────────────────────────────────────────────────────

/** A schedule with this id is stored already. */
export class ScheduleExistsError extends FlowrraError {
  readonly code = 'SCHEDULE_EXISTS';
  constructor(readonly scheduleId: string) {
    super(`A schedule "${scheduleId}" exists already. Update it, or choose another id.`);
  }
}

/** No schedule with this id is stored. */
export class ScheduleNotFoundError extends FlowrraError {
  readonly code = 'SCHEDULE_NOT_FOUND';
  constructor(readonly scheduleId: string) {
    super(`No schedule "${scheduleId}" exists.`);
  }
}
