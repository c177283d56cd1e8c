import {
  type BaseBroker,
  type BaseResultBackend,
  BaseTaskStore,
  type ClaimedTask,
  type ClaimRequest,
  claimedTask,
  type ExtendReply,
  type Instant,
  isFinal,
  type Lease,
  mayReplace,
  type NewMessage,
  type ReleaseReason,
  type RetryRequest,
  type StoreClaimReply,
  type SubmitReply,
  type TaskOutcome,
  type TaskStatus,
} from '@flowrra/core';
import type { MessageDesk } from './message-desk.js';
import type { ResultTable } from './result-table.js';
import type { TaskParts } from './stored-result.js';

/** What a transition changes of a task. */
type Change = Pick<TaskParts, 'attempt' | 'progressJson' | 'since' | 'outcomeJson'>;

/**
 * Broker and backend of one process as one: each transition is a single step, with nothing between its two halves, and
 * no result is put together before somebody reads it. What can be seen is the same as with the two joined.
 */
export class InMemoryTaskStore extends BaseTaskStore {
  readonly inOrder = true;
  readonly #desk: MessageDesk;
  readonly #results: ResultTable;

  constructor(parts: { broker: BaseBroker; backend: BaseResultBackend; desk: MessageDesk; results: ResultTable }) {
    super(parts.broker, parts.backend);
    this.#desk = parts.desk;
    this.#results = parts.results;
  }

  async submit(messages: readonly NewMessage[]): Promise<SubmitReply[]> {
    return this.#desk.push(messages).map(({ known, submittedAt }, i) => {
      if (!known) this.#showPending(messages[i] as NewMessage, submittedAt);
      // What is known was recorded when it was pushed; if there is no record, it is gone.
      return { known, submittedAt, recorded: true };
    });
  }

  async claim(request: ClaimRequest): Promise<StoreClaimReply> {
    const { claims, nextDueIn, lastChanceWaiting } = this.#desk.claim(request);
    const tasks = claims.map((claim) => claimedTask(claim, request)).filter((task) => this.#showRunning(task));
    return { claims: tasks, nextDueIn, lastChanceWaiting };
  }

  override async extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return leases.map((lease) => this.#desk.extend(lease, leaseMs));
  }

  async finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    const { status, progressJson } = outcome;
    const outcomeJson = status === 'success' ? outcome.resultJson : JSON.stringify(outcome.error);
    const deadLetter = status === 'success' ? undefined : outcome.deadLetter;
    if (!this.#desk.ack(task.lease, deadLetter)) return this.#hasEnded(task, status, outcomeJson);
    return this.#show(task, status, {
      attempt: task.attempt,
      progressJson,
      since: this.#desk.clock.now(),
      outcomeJson,
    });
  }

  async retry(task: ClaimedTask, { runAt, error }: RetryRequest): Promise<boolean> {
    if (!this.#desk.release(task.lease, { runAt, reason: 'failed' })) return false;
    const { attempt, startedAt } = task;
    const outcomeJson = JSON.stringify(error);
    this.#show(task, 'retrying', { attempt: attempt + 1, progressJson: null, since: startedAt, outcomeJson });
    return true;
  }

  override async release(
    task: ClaimedTask,
    options: { runAt: Instant | null; reason: ReleaseReason },
  ): Promise<boolean> {
    return this.#desk.release(task.lease, options);
  }

  async reportProgress(task: ClaimedTask, progressJson: string): Promise<boolean> {
    if (this.#desk.extend(task.lease, task.leaseMs) === 'lost') return false;
    const { attempt, startedAt } = task;
    return this.#show(task, 'running', { attempt, progressJson, since: startedAt, outcomeJson: null });
  }

  /** Whatever an earlier task has left under this id makes room: the push has decided that the id is free. */
  #showPending({ id, queue, payload }: NewMessage, submittedAt: number): void {
    const [startedAt, worker, progressJson, outcomeJson] = [null, null, null, null];
    const content = { payload, queue, attempt: 1, startedAt, worker, progressJson, since: submittedAt, outcomeJson };
    this.#results.replace({ taskId: id, submitted: submittedAt, status: 'pending', fence: 0, content });
  }

  /** @returns false when the task is not to run: somebody who held no lease has stored how it ended, or a later delivery */
  #showRunning(task: ClaimedTask): boolean {
    if (task.verdict !== 'run') return true;
    const { attempt, startedAt } = task;
    if (this.#show(task, 'running', { attempt, progressJson: null, since: startedAt, outcomeJson: null })) return true;
    const stored = this.#results.find(task.lease.id);
    // What another task left under this id, by a clock that was set back since, is no reason not to run this one.
    if (stored?.submitted !== task.submittedAt) return true;
    if (isFinal(stored.status)) this.#desk.ack(task.lease);
    return false;
  }

  /** Stores what a holder says of its task. @returns false when it was refused by what is stored */
  #show(task: ClaimedTask, status: TaskStatus, change: Change): boolean {
    const { payload, startedAt, worker, submittedAt } = task;
    const { id, queue, fence } = task.lease;
    const old = this.#results.find(id);
    // What an earlier task has left under this id refuses nothing.
    const isOfThisTask = old !== undefined && old.submitted >= submittedAt;
    if (isOfThisTask && !mayReplace(old, { status, fence, submittedAt: null })) return false;
    const { attempt, progressJson, since, outcomeJson } = change;
    const content = { payload, queue, attempt, startedAt, worker, progressJson, since, outcomeJson };
    this.#results.put(old, { taskId: id, submitted: submittedAt, status, fence, content });
    return true;
  }

  /** Whether this very end was stored already: a repeated call is told so, too. */
  #hasEnded({ lease, submittedAt }: ClaimedTask, status: TaskStatus, outcomeJson: string): boolean {
    const stored = this.#results.find(lease.id);
    if (stored?.status !== status || stored.fence !== lease.fence || stored.submitted !== submittedAt) return false;
    return typeof stored.content !== 'string' && stored.content.outcomeJson === outcomeJson;
  }
}
