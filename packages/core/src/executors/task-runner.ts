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
import { onAbort } from '../on-abort.js';
import type { ClaimedTask } from '../stores/task-store.js';
import { describeError } from '../tasks/describe-error.js';
import { retryDelay } from '../tasks/retry-policy.js';
import { isNewerMessage, type TaskMessage } from '../tasks/task-message.js';
import type { Implementation, TaskRegistry } from '../tasks/task-registry.js';
import { abortableBy } from './abortable-by.js';
import { type AttemptEnd, type FailedAttempt, failedAttempt } from './attempt.js';
import { ProgressReporter } from './progress-reporter.js';
import { TaskSettler } from './task-settler.js';
import type { HeldTask, WorkerSession } from './worker-session.js';

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
  readonly signal: AbortSignal;
  readonly onProgress: (json: string) => void;
}

export interface TaskRunnerOptions {
  readonly registry: TaskRegistry;
  readonly kind: Implementation['kind'];
  /** Runs the handler. Never rejects. */
  readonly attempt: (attempt: Attempt) => Promise<AttemptEnd>;
}

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

  /** Resolves when the task's slot is free again. */
  async run(task: ClaimedTask): Promise<void> {
    const held = this.#session.hold(task);
    let leftover: Leftover | undefined;
    try {
      leftover = await this.#process(held);
    } catch (err) {
      this.#session.options.logger.error(
        { err, taskId: task.lease.id },
        'a task could not be processed; it comes back when its lease ends',
      );
    } finally {
      this.#session.letGo(held);
    }
    if (leftover) await this.#awaitLeftover(task, leftover);
  }

  async #process(held: HeldTask): Promise<Leftover | undefined> {
    const { task } = held;
    switch (task.verdict) {
      case 'cancelled':
        return void (await this.#cancelled(held, null));
      case 'expired':
        return void (await this.#failed(held, new TaskExpiredError()));
      case 'exhausted':
        return void (await this.#failed(
          held,
          new WorkerLostError(
            `${task.crashes} times its worker died, or blocked its event loop for longer than the lease, while it ran.`,
          ),
          'worker lost',
        ));
      case 'unreadable':
        return void (await this.#unreadable(held));
      case 'run':
        return this.#runOrDefer(held);
    }
  }

  async #runOrDefer(held: HeldTask): Promise<Leftover | undefined> {
    const { task } = held;
    const { message } = task;
    if (!message) {
      if (isNewerMessage(task.payload))
        return void (await this.#defer(
          held,
          new MessageUnreadableError('The message was written by a newer version of Flowrra.'),
        ));
      return void (await this.#unreadable(held));
    }
    const implementation = this.#options.registry.get(message.taskName);
    if (implementation?.kind !== this.#options.kind)
      return void (await this.#defer(held, new TaskNotFoundError(message.taskName)));
    return this.#runAttempt(held, message, implementation);
  }

  async #runAttempt(
    held: HeldTask,
    message: TaskMessage,
    implementation: Implementation,
  ): Promise<Leftover | undefined> {
    const { task, controller } = held;
    const { clock, events } = this.#session.options;
    const event = attemptEvent(task);
    events.emit('started', () => event);
    const progress = new ProgressReporter(clock, (json) => this.#storeProgress(held, json));
    const onProgress = (json: string): void => {
      events.emit('progress', () => ({ ...event, progress: JSON.parse(json) }));
      progress.report(json);
    };
    const { timeout } = message;
    const timer =
      timeout === null ? null : clock.after(timeout, () => controller.abort(new AttemptTimeoutError(timeout)));
    const handler = this.#options.attempt({ implementation, message, task, signal: controller.signal, onProgress });
    this.#session.countHandler(handler);
    const end = await Promise.race([handler, aborted(controller.signal)]);
    timer?.cancel();
    progress.end();
    if (end !== ABORTED) {
      await this.#settle(held, end, progress.latest);
      return undefined;
    }
    await this.#settleAborted(held, controller.signal.reason, progress.latest);
    return { handler };
  }

  /** The handler was overtaken by its signal: what follows depends on why. */
  async #settleAborted(held: HeldTask, reason: unknown, progressJson: string | null): Promise<void> {
    if (held.lost) return;
    if (reason instanceof CancelRequestedError) return this.#cancelled(held, progressJson);
    if (reason instanceof AttemptTimeoutError) return this.#settle(held, failedAttempt(reason), progressJson);
    await this.#settler.release(held, 'stopped', 0);
  }

  async #settle(held: HeldTask, end: AttemptEnd, progressJson: string | null): Promise<void> {
    if (held.lost) return;
    if (end.status === 'success') return this.#settler.finish(held, { ...end, progressJson });
    const delay = this.#delayBeforeRetry(held.task, end);
    if (delay === null) return this.#settler.finish(held, { status: 'failed', error: end.error, progressJson });
    await this.#settler.retry(held, end.error, delay);
  }

  /** Null when there is no further attempt. */
  #delayBeforeRetry(task: ClaimedTask, { retry }: FailedAttempt): number | null {
    const policy = task.message?.retries;
    if (!policy || retry === 'never' || task.attempt > policy.max) return null;
    return retry === 'policy' ? retryDelay(policy, task.attempt) : retry.after;
  }

  #cancelled(held: HeldTask, progressJson: string | null): Promise<void> {
    const error = withoutStack(new CancelRequestedError());
    return this.#settler.finish(held, { status: 'cancelled', error, progressJson });
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

  async #storeProgress(held: HeldTask, json: string): Promise<void> {
    try {
      await this.#session.store.reportProgress(held.task, json);
    } catch (err) {
      this.#session.options.logger.debug({ ...attemptEvent(held.task), err }, 'progress could not be stored');
    }
  }

  /** A handler that ignores its signal keeps its slot, for one lease at most: more would run than the slots allow. */
  async #awaitLeftover(task: ClaimedTask, { handler }: Leftover): Promise<void> {
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

/** A handler that its signal has overtaken, and that may still be running. */
interface Leftover {
  readonly handler: Promise<unknown>;
}

const ABORTED = Symbol('aborted');
function aborted(signal: AbortSignal): Promise<typeof ABORTED> {
  return new Promise((resolve) => void onAbort(signal, () => resolve(ABORTED)));
}

/** Errors of Flowrra's own that end a task: where they were made says nothing. */
function withoutStack(error: Error) {
  const { stack: _stack, ...info } = describeError(error);
  return info;
}
