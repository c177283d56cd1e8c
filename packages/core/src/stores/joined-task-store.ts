import { isDeepStrictEqual } from 'node:util';
import type { BaseResultBackend } from '../backends/base-result-backend.js';
import type { BaseBroker, ClaimRequest, NewMessage } from '../brokers/base-broker.js';
import type { Clock } from '../clock.js';
import type { Logger } from '../logger.js';
import type { JsonValue } from '../tasks/codec.js';
import { type Delivery, decodeMessage, finishedResult, readMessage, unfinishedResult } from '../tasks/task-message.js';
import { type FinishedTaskResult, isFinished, type TaskResult } from '../tasks/task-result.js';
import { BaseTaskStore } from './base-task-store.js';
import { claimedTask } from './claimed-task.js';
import type { ClaimedTask, RetryRequest, StoreClaimReply, SubmitReply, TaskOutcome } from './task-store.js';

/** Any broker with any backend: each transition is a result step and a broker step, in the order that loses nothing. */
export class JoinedTaskStore extends BaseTaskStore {
  readonly inOrder = false;

  constructor(
    broker: BaseBroker,
    backend: BaseResultBackend,
    readonly context: { clock: Clock; logger: Logger },
  ) {
    super(broker, backend);
  }

  async submit(messages: readonly NewMessage[]): Promise<SubmitReply[]> {
    const replies = await this.broker.push(messages);
    return Promise.all(
      replies.map(async (reply, i) => {
        const message = messages[i] as NewMessage;
        const recorded = reply.known
          ? await this.#wasRecorded(message.id)
          : await this.#storePending(message, reply.submittedAt);
        return { ...reply, recorded };
      }),
    );
  }

  /**
   * The first record of a known id is somebody else's to write, who may not have come to it yet; but what is held no longer
   * has ended, and its result was stored before.
   */
  async #wasRecorded(id: string): Promise<boolean> {
    // Not to be known is no failure of the submit.
    const [held] = await this.broker.holds([id]).catch(() => [true]);
    return held === false;
  }

  /**
   * The message is enqueued, which is what submit promises: a record that could not be written is no failure of it.
   * @returns whether there is one
   */
  async #storePending(message: NewMessage, submittedAt: number): Promise<boolean> {
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
      // What refused it is a later record of the same task.
      return true;
    } catch (err) {
      this.context.logger.warn(
        { taskId: message.id, err },
        'the pending record could not be stored; the task is enqueued',
      );
      return false;
    }
  }

  async claim(request: ClaimRequest): Promise<StoreClaimReply> {
    // What an open claim brings would have to be marked as running before anybody may run it.
    const reply = await this.broker.claim({ ...request, mayStayOpen: false });
    const tasks = reply.claims.map((claim) => claimedTask(claim, request));
    const marks = await Promise.allSettled(tasks.map((task) => this.#markRunning(task)));
    const claims = marks.flatMap((mark) => (mark.status === 'fulfilled' && mark.value !== null ? [mark.value] : []));
    const failure = marks.find((mark) => mark.status === 'rejected');
    if (failure) {
      await this.#putBack(tasks.filter((_task, i) => marks[i]?.status === 'rejected'));
      if (claims.length === 0) throw failure.reason;
    }
    const { nextDueIn, lastChanceWaiting } = reply;
    return { claims, nextDueIn, lastChanceWaiting };
  }

  /**
   * The results are away, so these cannot be shown as running and do not run. Left to their leases they would count as
   * crashed, and in a longer outage be given up. The last goes first, as each goes to the front.
   */
  async #putBack(claims: readonly ClaimedTask[]): Promise<void> {
    const releases = claims
      .toReversed()
      .map(({ lease }) => this.broker.release(lease, { runAt: null, reason: 'unstarted' }));
    for (const [i, release] of (await Promise.allSettled(releases)).entries())
      if (release.status === 'rejected')
        this.context.logger.warn(
          { taskId: claims.at(-1 - i)?.lease.id, err: release.reason },
          'a claimed task could not be put back; it comes back when its lease ends',
        );
  }

  async #markRunning(task: ClaimedTask): Promise<ClaimedTask | null> {
    if (task.verdict !== 'run') return task;
    const running = unfinishedResult('running', task.message, delivery(task, null));
    if (await this.#storeForNewTask(task, running)) return task;
    const stored = await this.backend.get(task.lease.id);
    // What another task left under this id, by a clock that was set back since, is no reason not to run this one.
    if (stored === null || stored.submittedAt?.getTime() !== task.submittedAt) return task;
    // An earlier delivery stored its result and died before the ack. If it has not ended, a later one runs it.
    if (isFinished(stored)) await this.broker.ack([{ lease: task.lease }]);
    return null;
  }

  /**
   * Stores a holder's record. An id that is used again may still have the result of its forerunner: the PENDING of the
   * new task, which its submitter may not have written yet, makes room for it.
   */
  async #storeForNewTask(task: ClaimedTask, result: TaskResult): Promise<boolean> {
    if (await this.backend.store(task.lease.id, result)) return true;
    const pending = unfinishedResult('pending', readMessage(task.payload), {
      ...delivery(task, null),
      attempt: 1,
      fence: 0,
      startedAt: null,
      worker: null,
    });
    // Whether it did is seen by the next step: this one, repeated after a lost reply, is refused by what it did itself.
    await this.backend.store(task.lease.id, pending);
    return this.backend.store(task.lease.id, result);
  }

  async finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    const result = outcomeResult(task, outcome, this.context.clock.now());
    if (!(await this.#holds(task))) return this.#wasStored(result);
    const accepted = (await this.#storeForNewTask(task, result)) || (await this.#wasStored(result));
    const deadLetter = outcome.status === 'success' ? undefined : outcome.deadLetter;
    await this.broker.ack([{ lease: task.lease, deadLetter }]);
    return accepted;
  }

  /** After a store or an ack whose reply was lost, the repeated step is refused: by what it did itself. */
  async #wasStored(result: FinishedTaskResult): Promise<boolean> {
    const stored = await this.backend.get(result.taskId);
    if (stored === null || !isFinished(stored)) return false;
    const isOwn = stored.fence === result.fence && stored.worker === result.worker;
    return isOwn && isDeepStrictEqual(endOf(stored), endOf(result));
  }

  /** A holder that lost its lease must not write, even if nobody else has claimed the message yet. */
  async #holds(task: ClaimedTask): Promise<boolean> {
    const [held] = await this.broker.extend([task.lease], task.leaseMs);
    return held !== 'lost';
  }

  async retry(task: ClaimedTask, request: RetryRequest): Promise<boolean> {
    if (!(await this.#holds(task))) return false;
    const next = { ...delivery(task, null), attempt: task.attempt + 1 };
    const retrying = unfinishedResult('retrying', readMessage(task.payload), next, request.error);
    await this.backend.store(task.lease.id, retrying);
    return this.broker.release(task.lease, { runAt: request.runAt, reason: 'failed' });
  }

  async reportProgress(task: ClaimedTask, progressJson: string): Promise<boolean> {
    if (!(await this.#holds(task))) return false;
    const running = unfinishedResult('running', readMessage(task.payload), delivery(task, progressJson));
    return this.backend.store(task.lease.id, running);
  }
}

/** What the handler's run came to. */
function endOf(result: FinishedTaskResult): unknown {
  return result.status === 'success' ? [result.result] : [result.status, result.error];
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
  return finishedResult(readMessage(task.payload), delivery(task, outcome.progressJson), { finishedAt, ...end });
}
