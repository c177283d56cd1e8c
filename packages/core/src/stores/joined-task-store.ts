import type { BaseResultBackend, Page, WaitOptions } from '../backends/base-result-backend.js';
import type {
  BaseBroker,
  ClaimRequest,
  ExtendReply,
  Instant,
  Lease,
  NewMessage,
  PushReply,
  QueueSize,
  ReleaseReason,
} from '../brokers/base-broker.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../logger.js';
import type { JsonValue } from '../tasks/codec.js';
import { type Delivery, decodeMessage, finishedResult, readMessage, unfinishedResult } from '../tasks/task-message.js';
import { type FinishedTaskResult, isFinished, type TaskResult } from '../tasks/task-result.js';
import type { TaskStatus } from '../tasks/task-status.js';
import type { ClaimedTask, RetryRequest, StoreClaimReply, TaskOutcome, TaskStore } from './task-store.js';

/** Any broker with any backend: each transition is a result step and a broker step, in the order that loses nothing. */
export class JoinedTaskStore implements TaskStore {
  constructor(
    readonly broker: BaseBroker,
    readonly backend: BaseResultBackend,
    readonly context: { clock: Clock; logger: Logger },
  ) {}

  async submit(messages: readonly NewMessage[]): Promise<PushReply[]> {
    const replies = await this.broker.push(messages);
    await Promise.all(
      messages.map(async (message, i) => {
        const reply = replies[i];
        if (reply && !reply.known) await this.#storePending(message, reply.submittedAt);
      }),
    );
    return replies;
  }

  /** The message is enqueued, which is what submit promises: a record that could not be written is no failure of it. */
  async #storePending(message: NewMessage, submittedAt: number): Promise<void> {
    const delivery = {
      taskId: message.id,
      queue: message.queue,
      attempt: 1,
      fence: 0,
      submittedAt,
      startedAt: null,
      worker: null,
      progress: null,
    };
    try {
      await this.backend.store(message.id, unfinishedResult('pending', decodeMessage(message.payload), delivery));
    } catch (err) {
      this.context.logger.warn(
        { taskId: message.id, err },
        'the pending record could not be stored; the task is enqueued',
      );
    }
  }

  async claim(request: ClaimRequest): Promise<StoreClaimReply> {
    const { worker, leaseMs } = request;
    const reply = await this.broker.claim(request);
    const claims = await Promise.all(
      reply.claims.map((claim) =>
        this.#markRunning({ worker, leaseMs, message: readMessage(claim.payload), ...claim }),
      ),
    );
    return { ...reply, claims: claims.filter((task) => task !== null) };
  }

  async #markRunning(task: ClaimedTask): Promise<ClaimedTask | null> {
    if (task.verdict !== 'run') return task;
    const running = unfinishedResult('running', task.message, delivery(task, null));
    if (await this.#storeForNewTask(task, running)) return task;
    // Refused as final: an earlier delivery stored its result and died before the ack.
    await this.broker.ack([{ lease: task.lease }]);
    return null;
  }

  /**
   * Stores a holder's record. An id that is used again may still have the result of its forerunner: the PENDING of the
   * new task, which its submitter may not have written yet, makes room for it.
   */
  async #storeForNewTask(task: ClaimedTask, result: TaskResult): Promise<boolean> {
    if (await this.backend.store(task.lease.id, result)) return true;
    const pending = unfinishedResult('pending', task.message, {
      ...delivery(task, null),
      attempt: 1,
      fence: 0,
      startedAt: null,
      worker: null,
    });
    return (await this.backend.store(task.lease.id, pending)) && this.backend.store(task.lease.id, result);
  }

  extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return this.broker.extend(leases, leaseMs);
  }

  async finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    // A holder that lost its lease must not decide the result, even if nobody else has claimed the message yet.
    const [held] = await this.broker.extend([task.lease], task.leaseMs);
    if (held === 'lost') return false;
    const result = outcomeResult(task, outcome, this.context.clock.now());
    const accepted = (await this.#storeForNewTask(task, result)) || (await this.#wasStored(result));
    const deadLetter = outcome.status === 'success' ? undefined : outcome.deadLetter;
    await this.broker.ack([{ lease: task.lease, deadLetter }]);
    return accepted;
  }

  /** After a store whose reply was lost, the repeated one is refused: by what it wrote itself. */
  async #wasStored(result: FinishedTaskResult): Promise<boolean> {
    const stored = await this.backend.get(result.taskId);
    return stored !== null && isFinished(stored) && stored.fence === result.fence;
  }

  async retry(task: ClaimedTask, request: RetryRequest): Promise<boolean> {
    await this.backend.store(
      task.lease.id,
      unfinishedResult('retrying', task.message, delivery(task, null), request.error),
    );
    return this.broker.release(task.lease, { runAt: request.runAt, reason: 'failed' });
  }

  release(task: ClaimedTask, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return this.broker.release(task.lease, options);
  }

  reportProgress(task: ClaimedTask, progressJson: string): Promise<boolean> {
    return this.backend.store(task.lease.id, unfinishedResult('running', task.message, delivery(task, progressJson)));
  }

  cancel(queue: string, id: string): Promise<boolean> {
    return this.broker.cancel(queue, id);
  }

  holds(ids: readonly string[]): Promise<boolean[]> {
    return this.broker.holds(ids);
  }

  size(queue: string): Promise<QueueSize> {
    return this.broker.size(queue);
  }

  waitForWork(queues: readonly string[], options: { signal: AbortSignal }): Promise<void> {
    return this.broker.waitForWork(queues, options);
  }

  get(taskId: string): Promise<TaskResult | null> {
    return this.backend.get(taskId);
  }

  waitFor(taskId: string, options?: WaitOptions): Promise<FinishedTaskResult> {
    return this.backend.waitFor(taskId, options);
  }

  listByStatus(status: TaskStatus, page?: Page): Promise<TaskResult[]> {
    return this.backend.listByStatus(status, page);
  }
}

/** What a result says of a claimed task. */
export function delivery(task: ClaimedTask, progressJson: string | null): Delivery {
  return {
    taskId: task.lease.id,
    queue: task.lease.queue,
    attempt: task.attempt,
    fence: task.lease.fence,
    submittedAt: task.submittedAt,
    startedAt: task.startedAt,
    worker: task.worker,
    progress: progressJson === null ? null : (JSON.parse(progressJson) as JsonValue),
  };
}

/** The final result that an outcome makes of a claimed task. */
export function outcomeResult(task: ClaimedTask, outcome: TaskOutcome, finishedAt: number): FinishedTaskResult {
  const end =
    outcome.status === 'success'
      ? { status: outcome.status, result: JSON.parse(outcome.resultJson) as JsonValue }
      : { status: outcome.status, error: outcome.error };
  return finishedResult(task.message, delivery(task, outcome.progressJson), { finishedAt, ...end });
}
