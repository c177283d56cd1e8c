import {
  type BaseBroker,
  type BaseResultBackend,
  type ClaimedTask,
  type ClaimRequest,
  type ExtendReply,
  type FinishedTaskResult,
  type Instant,
  type Lease,
  type NewMessage,
  type Page,
  type PushReply,
  type QueueSize,
  type ReleaseReason,
  type RetryRequest,
  readMessage,
  type StoreClaimReply,
  type TaskOutcome,
  type TaskResult,
  type TaskStatus,
  type TaskStore,
  type WaitOptions,
} from '@flowrra/core';
import { Batcher } from './batcher.js';
import { DeadLetterTable } from './key-tables.js';
import type { LeaseHolder } from './lease-holder.js';
import { encodeOutcome } from './record-to-result.js';
import type { RedisBackend } from './redis-backend.js';
import type { Argument } from './redis-link.js';
import type { RedisPlace } from './redis-place.js';
import { SCRIPTS } from './redis-scripts.js';

interface Finish {
  readonly task: ClaimedTask;
  readonly outcome: TaskOutcome;
  readonly outcomeJson: string;
}

/**
 * Broker and backend of one place as one: the message is the pending record, its lease the running one, and its end a
 * single step. So each transition is one script, and cannot be done by half.
 */
export class RedisTaskStore implements TaskStore {
  readonly #broker: BaseBroker;
  readonly #backend: RedisBackend;
  readonly #place: RedisPlace;
  readonly #holder: LeaseHolder;
  readonly #dedupeWindow: number;
  readonly #finishes: Batcher<Finish, boolean>;

  constructor(parts: {
    broker: BaseBroker;
    backend: RedisBackend;
    place: RedisPlace;
    holder: LeaseHolder;
    dedupeWindow: number;
  }) {
    this.#broker = parts.broker;
    this.#backend = parts.backend;
    this.#place = parts.place;
    this.#holder = parts.holder;
    this.#dedupeWindow = parts.dedupeWindow;
    this.#finishes = new Batcher({
      send: (items) => this.#finish(items),
      bytesOf: ({ outcomeJson }) => outcomeJson.length,
    });
  }

  get broker(): BaseBroker {
    return this.#broker;
  }

  get backend(): BaseResultBackend {
    return this.#backend;
  }

  submit(messages: readonly NewMessage[]): Promise<PushReply[]> {
    for (const { origin } of messages) if (origin !== null) this.#backend.noteOrigin(origin);
    return this.#broker.push(messages);
  }

  async claim(request: ClaimRequest): Promise<StoreClaimReply> {
    const { worker, leaseMs } = request;
    const reply = await this.#broker.claim(request);
    return {
      ...reply,
      claims: reply.claims.map((claim) => ({ worker, leaseMs, message: readMessage(claim.payload), ...claim })),
    };
  }

  extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return this.#broker.extend(leases, leaseMs);
  }

  finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    return this.#finishes.add({ task, outcome, outcomeJson: encodeOutcome(outcome) });
  }

  retry(task: ClaimedTask, { runAt, error }: RetryRequest): Promise<boolean> {
    return this.#holder.release(task.lease, { runAt, reason: 'failed', error });
  }

  release(task: ClaimedTask, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return this.#broker.release(task.lease, options);
  }

  reportProgress(task: ClaimedTask, progressJson: string): Promise<boolean> {
    return this.#holder.reportProgress(task.lease, progressJson);
  }

  cancel(queue: string, id: string): Promise<boolean> {
    return this.#broker.cancel(queue, id);
  }

  holds(ids: readonly string[]): Promise<boolean[]> {
    return this.#broker.holds(ids);
  }

  size(queue: string): Promise<QueueSize> {
    return this.#broker.size(queue);
  }

  waitForWork(queues: readonly string[], options: { signal: AbortSignal }): Promise<void> {
    return this.#broker.waitForWork(queues, options);
  }

  get(taskId: string): Promise<TaskResult | null> {
    return this.#backend.get(taskId);
  }

  waitFor(taskId: string, options?: WaitOptions): Promise<FinishedTaskResult> {
    return this.#backend.waitFor(taskId, options);
  }

  listByStatus(status: TaskStatus, page?: Page): Promise<TaskResult[]> {
    return this.#backend.listByStatus(status, page);
  }

  async #finish(items: readonly Finish[]): Promise<boolean[]> {
    const { keys, now } = this.#place;
    const fixed = [
      keys.tasks,
      keys.active,
      keys.held,
      keys.expiry,
      keys.finished,
      keys.buried,
      keys.foreign,
      ...keys.statuses,
    ];
    const deadLetters = new DeadLetterTable(this.#place, fixed);
    const args: Argument[] = [now, this.#backend.ttl ?? '', this.#dedupeWindow, keys.originChannels, keys.taskChannels];
    for (const { task, outcome, outcomeJson } of items) {
      const { id, fence, queue } = task.lease;
      const deadLetter = outcome.status === 'success' ? undefined : outcome.deadLetter;
      args.push(id, fence, outcome.status, outcomeJson, ...deadLetters.of(queue, deadLetter));
    }
    const codes = await this.#place.run(SCRIPTS.finish, deadLetters.keys, args, { repeat: true });
    return (codes as number[]).map((code) => code === 1);
  }
}
