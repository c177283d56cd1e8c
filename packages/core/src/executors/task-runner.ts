import { sleep } from '../clock.js';
import {
  AttemptTimeoutError,
  CancelRequestedError,
  MessageUnreadableError,
  TaskExpiredError,
  TaskNotFoundError,
  WorkerLostError,
} from '../errors.js';
import { attemptEvent } from '../events/task-events.js';
import type { ClaimedTask } from '../stores/task-store.js';
import { describeError } from '../tasks/describe-error.js';
import { retryDelay } from '../tasks/retry-policy.js';
import { isNewerMessage, type TaskMessage } from '../tasks/task-message.js';
import type { Implementation, TaskRegistry } from '../tasks/task-registry.js';
import type { AbortSwitch } from './abort-switch.js';
import { abortableBy } from './abortable-by.js';
import { type AttemptEnd, type FailedAttempt, failedAttempt } from './attempt.js';
import { ProgressReporter } from './progress-reporter.js';
import { TaskSettler } from './task-settler.js';
import type { HeldTask, Slot, WorkerSession } from './worker-session.js';

/** A task whose worker does not know its name is passed on for so long, so that a rolling deploy can finish: 1 h. */
const DEFER_LIMIT = 3_600_000;
const SHORTEST_DEFER = 1_000;
const LONGEST_DEFER = 60_000;

/** One attempt, as executors run it. */
export interface Attempt {
  readonly implementation: Implementation;
  readonly message: TaskMessage;
  readonly task: ClaimedTask;
  /** Aborts at timeout, cancel, lost lease and stop; its reason says which. */
  readonly run: AbortSwitch;
  readonly progress: ProgressReporter;
}

export interface TaskRunnerOptions {
  readonly registry: TaskRegistry;
  readonly kind: Implementation['kind'];
  /** Runs the handler. Never rejects. */
  readonly attempt: (attempt: Attempt) => Promise<AttemptEnd>;
}

/** What an attempt runs. */
type Call = Pick<Attempt, 'message' | 'implementation'>;

const ABORTED = Symbol('aborted');

/** Sees claimed tasks through to their end: runs the handler, and decides what follows. */
export class TaskRunner {
  readonly #session: WorkerSession;
  readonly #options: TaskRunnerOptions;
  readonly #settler: TaskSettler;

  constructor(session: WorkerSession, options: TaskRunnerOptions) {
    this.#session = session;
    this.#options = options;
    this.#settler = new TaskSettler(session);
  }

  /**
   * Runs the task to its end, and frees its slot, if not before. Never throws.
   *
   * Its steps call back instead of being async: a promise costs more than all the rest of a short step.
   */
  run(task: ClaimedTask, slot: Slot): void {
    const held = this.#session.hold(task, slot);
    const call = this.#callOf(task);
    if (!call) {
      this.#settle(held, () => this.#endWithoutRun(held));
      return;
    }
    this.#attempt(held, call, (end) => {
      if (end !== ABORTED && this.#session.store.inOrder) slot.free();
      this.#settle(held, () => this.#endRun(held, end));
    });
  }

  /** Nothing is left of the run once `step` has told the store what becomes of the task. */
  #settle(held: HeldTask, step: () => Promise<void>): void {
    const failed = (err: unknown): void => {
      this.#session.options.logger.error(
        { err, taskId: held.task.lease.id },
        'a task could not be processed; it comes back when its lease ends',
      );
      this.#letGo(held);
    };
    try {
      step().then(() => this.#letGo(held), failed);
    } catch (err) {
      failed(err);
    }
  }

  /** The slot is free when the handler has ended, which one that was overtaken by its signal may not have. */
  #letGo(held: HeldTask): void {
    this.#session.letGo(held);
    const leave = (): void => {
      this.#session.gate.done();
      held.slot.free();
    };
    if (held.run.aborted) void this.#awaitLeftover(held).then(leave);
    else leave();
  }

  /** What is to be run; null when nothing is. */
  #callOf({ verdict, message }: ClaimedTask): Call | null {
    if (verdict !== 'run' || !message) return null;
    const implementation = this.#options.registry.get(message.taskName);
    return implementation?.kind === this.#options.kind ? { message, implementation } : null;
  }

  /** Runs the handler. `then` is called once, with how that ended, or that it was overtaken by its signal. */
  #attempt(held: HeldTask, { message, implementation }: Call, then: (end: AttemptEnd | typeof ABORTED) => void): void {
    const { task, run } = held;
    const { clock, events } = this.#session.options;
    events.emit('started', () => attemptEvent(task));
    const progress = new ProgressReporter(this.#session, task);
    const { timeout } = message;
    const timer = timeout === null ? null : clock.after(timeout, () => run.abort(new AttemptTimeoutError(timeout)));
    const handler = this.#options.attempt({ implementation, message, task, run, progress });
    this.#session.handlerStarted();
    held.progress = progress;
    held.handler = handler;
    let isOver = false;
    const ended = (end: AttemptEnd | typeof ABORTED): void => {
      if (isOver) return;
      isOver = true;
      timer?.cancel();
      progress.end();
      then(end);
    };
    void handler.then((end) => {
      this.#session.handlerEnded();
      ended(end);
    });
    run.onAbort(() => ended(ABORTED));
  }

  #endRun(held: HeldTask, end: AttemptEnd | typeof ABORTED): Promise<void> {
    if (held.lost) return Promise.resolve();
    if (end === ABORTED) return this.#endOvertaken(held);
    const progressJson = latestProgress(held);
    if (end.status === 'success')
      return this.#settler.finish(held, { status: end.status, resultJson: end.resultJson, progressJson });
    const delay = this.#delayBeforeRetry(held.task, end);
    if (delay === null) return this.#settler.finish(held, { status: 'failed', error: end.error, progressJson });
    return this.#settler.retry(held, end.error, delay);
  }

  /** The handler was overtaken by its signal: what follows depends on why. */
  #endOvertaken(held: HeldTask): Promise<void> {
    const { reason } = held.run;
    if (reason instanceof CancelRequestedError) return this.#cancelled(held);
    if (reason instanceof AttemptTimeoutError) return this.#endRun(held, failedAttempt(reason));
    return this.#settler.release(held, 'stopped', 0);
  }

  /** Null when there is no further attempt. */
  #delayBeforeRetry(task: ClaimedTask, { retry }: FailedAttempt): number | null {
    const policy = task.message?.retries;
    if (!policy || retry === 'never' || task.attempt > policy.max) return null;
    return retry === 'policy' ? retryDelay(policy, task.attempt) : retry.after;
  }

  /** The task ends, or goes on elsewhere, and this worker has not run it. */
  #endWithoutRun(held: HeldTask): Promise<void> {
    const { verdict, message, payload, crashes } = held.task;
    switch (verdict) {
      case 'cancelled':
        return this.#cancelled(held);
      case 'expired':
        return this.#failed(held, new TaskExpiredError());
      case 'exhausted':
        return this.#failed(
          held,
          new WorkerLostError(
            `${crashes} times its worker died, or blocked its event loop for longer than the lease, while it ran.`,
          ),
          'worker lost',
        );
      case 'unreadable':
        return this.#unreadable(held);
      case 'run':
        if (message) return this.#defer(held, new TaskNotFoundError(message.taskName));
        if (!isNewerMessage(payload)) return this.#unreadable(held);
        return this.#defer(held, new MessageUnreadableError('The message was written by a newer version of Flowrra.'));
    }
  }

  #cancelled(held: HeldTask): Promise<void> {
    const error = withoutStack(new CancelRequestedError());
    return this.#settler.finish(held, { status: 'cancelled', error, progressJson: latestProgress(held) });
  }

  #unreadable(held: HeldTask): Promise<void> {
    return this.#failed(held, new MessageUnreadableError('The stored message cannot be read.'), 'unreadable');
  }

  #failed(held: HeldTask, error: Error, deadLetter?: string): Promise<void> {
    return this.#settler.finish(held, { status: 'failed', error: withoutStack(error), progressJson: null, deadLetter });
  }

  /** Passes the task on to a worker that may know it, for an hour; then it fails. */
  async #defer(held: HeldTask, error: Error): Promise<void> {
    const { deferredSince, startedAt } = held.task;
    const deferred = deferredSince === null ? 0 : startedAt - deferredSince;
    if (deferred >= DEFER_LIMIT) return this.#failed(held, error, 'task not found');
    // Once is enough: the task may come back here many times.
    const level = deferredSince === null ? 'warn' : 'debug';
    this.#session.options.logger[level](
      { ...attemptEvent(held.task), reason: error.message },
      'this worker cannot run the task; it goes back to its queue',
    );
    await this.#settler.release(held, 'deferred', Math.min(Math.max(deferred, SHORTEST_DEFER), LONGEST_DEFER));
  }

  /** A handler that ignores its signal keeps its slot, for one lease at most: more would run than the slots allow. */
  async #awaitLeftover({ task, handler }: HeldTask): Promise<void> {
    const { clock, lease, logger } = this.#session.options;
    const over = abortableBy(this.#session.stopping);
    const tooLong = sleep(clock, lease, over).then(
      () =>
        logger.error(
          attemptEvent(task),
          'the handler ignores its AbortSignal; its slot is given away while it still runs',
        ),
      () => {},
    );
    await Promise.race([handler, tooLong]);
    over.end();
  }
}

/** What the handler reported last, for the final result. */
function latestProgress({ progress }: HeldTask): string | null {
  return progress?.latest ?? null;
}

/** Errors of Flowrra's own that end a task: where they were made says nothing. */
function withoutStack(error: Error) {
  const { stack: _stack, ...info } = describeError(error);
  return info;
}
