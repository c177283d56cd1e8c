import {
  BaseTaskStore,
  type Claim,
  type ClaimedTask,
  type ClaimRequest,
  claimedTask,
  type NewMessage,
  type OpenClaim,
  type PushReply,
  type RetryRequest,
  type StoreClaimReply,
  type SubmitReply,
  type TaskOutcome,
} from '@flowrra/core';
import { Batcher } from './batcher.js';
import { DeadLetterTable } from './key-tables.js';
import type { LeaseHolder } from './lease-holder.js';
import type { MessageClaimer, RedisLease, SendClaim } from './message-claimer.js';
import type { RedisBackend } from './redis-backend.js';
import type { RedisBroker } from './redis-broker.js';
import type { Argument } from './redis-link.js';
import type { RedisPlace } from './redis-place.js';
import { encodeEnd } from './redis-records.js';
import { SCRIPTS } from './redis-scripts.js';
import { Runs } from './runs.js';

interface Finish {
  readonly task: ClaimedTask;
  readonly lease: RedisLease;
  readonly outcome: TaskOutcome;
  readonly outcomeJson: string;
  /** Milliseconds from the claim to the end. */
  readonly ran: number;
}

/**
 * Broker and backend of one place as one: the message is the pending record, its lease the running one, and its end a
 * single step. So each transition is one script, and cannot be done by half.
 */
export class RedisTaskStore extends BaseTaskStore<RedisBackend> {
  readonly inOrder = true;
  readonly #broker: RedisBroker;
  readonly #place: RedisPlace;
  readonly #holder: LeaseHolder;
  readonly #claimer: MessageClaimer;
  readonly #dedupeWindow: number;
  readonly #finishes: Batcher<Finish, boolean>;

  constructor(parts: {
    broker: RedisBroker;
    backend: RedisBackend;
    place: RedisPlace;
    holder: LeaseHolder;
    claimer: MessageClaimer;
    dedupeWindow: number;
  }) {
    super(parts.broker, parts.backend);
    this.#broker = parts.broker;
    this.#place = parts.place;
    this.#holder = parts.holder;
    this.#claimer = parts.claimer;
    this.#dedupeWindow = parts.dedupeWindow;
    this.#finishes = new Batcher({
      send: (items) => this.#finish(items),
      // The record of the end carries both.
      bytesOf: ({ task, outcomeJson }) => task.payload.length + outcomeJson.length,
    });
  }

  async submit(messages: readonly NewMessage[]): Promise<SubmitReply[]> {
    const { waiters } = this.backend;
    for (const { id, origin } of messages) if (origin !== null) waiters.submitting(id, origin);
    let replies: PushReply[] = [];
    try {
      replies = await this.broker.push(messages);
    } finally {
      for (const [i, { id }] of messages.entries()) {
        if (replies[i]?.known === false) waiters.submitted(id);
        // What was known before may have ended unheard.
        else waiters.notSubmitted(id);
      }
    }
    // The message is the record; that of a known id is there as well, or was.
    return replies.map(({ known, submittedAt }) => ({ known, submittedAt, recorded: true }));
  }

  async claim(request: ClaimRequest): Promise<StoreClaimReply> {
    const reply = await this.#broker.claim(request, this.#sendWithEnds);
    const toTasks = (claims: readonly Claim[]): ClaimedTask[] => claims.map((claim) => claimedTask(claim, request));
    const { nextDueIn, lastChanceWaiting, open } = reply;
    const found = { claims: toTasks(reply.claims), nextDueIn, lastChanceWaiting };
    if (!open) return found;
    const hear: OpenClaim<ClaimedTask>['hear'] = (take, freeSlots) =>
      open.hear((claims) => take(toTasks(claims)), freeSlots);
    return { ...found, open: { hear, close: () => open.close() } };
  }

  finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    const outcomeJson = outcome.status === 'success' ? outcome.resultJson : JSON.stringify(outcome.error);
    // It came from a claim of this broker.
    const lease = task.lease as RedisLease;
    const { clock } = this.#place;
    const ran = clock ? clock.now() - task.startedAt : Math.floor(performance.now() - lease.heardAt);
    return this.#finishes.add({ task, lease, outcome, outcomeJson, ran });
  }

  retry(task: ClaimedTask, { runAt, error }: RetryRequest): Promise<boolean> {
    return this.#holder.release(task.lease, { runAt, reason: 'failed', error });
  }

  reportProgress(task: ClaimedTask, progressJson: string): Promise<boolean> {
    return this.#holder.reportProgress(task.lease, progressJson);
  }

  /** What ended is told in the same call as the claim that fills its slots: each call costs as much as some tasks. */
  readonly #sendWithEnds: SendClaim = (keys, args) => {
    let claimed: Promise<unknown> | undefined;
    this.#finishes.flush((ends) => {
      const finish = this.#callOf(ends);
      const both = this.#place.run(
        SCRIPTS.finishAndClaim,
        [...finish.keys, ...keys],
        [finish.keys.length, finish.args.length, ...finish.args, ...args],
      ) as Promise<[...claimed: unknown[], accepted: Buffer]>;
      claimed = both.then((reply) => reply.slice(0, -1));
      // Whatever became of the call, ends may be told again.
      return both.then(
        (reply) => areAccepted(reply.at(-1) as Buffer),
        () => this.#finish(ends),
      );
    });
    return claimed ?? this.#claimer.sendClaim(keys, args);
  };

  async #finish(items: readonly Finish[]): Promise<boolean[]> {
    const { keys, args } = this.#callOf(items);
    return areAccepted((await this.#place.run(SCRIPTS.finish, keys, args, { repeat: true })) as Buffer);
  }

  /** What scripts/finish.lua takes. */
  #callOf(items: readonly Finish[]): { keys: readonly string[]; args: readonly Argument[] } {
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
    const args: Argument[] = [now, this.backend.ttl ?? '', this.#dedupeWindow, keys.originChannels, keys.taskChannels];
    const runs = new Runs(args);
    let last: Finish | null = null;
    for (const item of items) {
      if (!last || !areAlike(last, item)) runs.begin(...commonArguments(item, deadLetters));
      runs.add(item.lease.id, item.task.submittedAt, recordOfEnd(item, this.backend.ttl));
      last = item;
    }
    return { keys: deadLetters.keys, args };
  }
}

/** What finish.lua returns. */
function areAccepted(digits: Buffer): boolean[] {
  return [...digits.toString()].map((digit) => digit === '1');
}

function commonArguments({ task, lease, outcome }: Finish, deadLetters: DeadLetterTable): Argument[] {
  const { fence, remembered, origin, queue } = lease;
  const flags = remembered ? 'r' : '';
  return [outcome.status, fence, task.startedAt, flags, origin, ...deadLetters.of(queue, deadLetterOf(outcome))];
}

/** Whether two ends have the same `commonArguments`. */
function areAlike(a: Finish, b: Finish): boolean {
  return (
    a.outcome.status === b.outcome.status &&
    a.lease.fence === b.lease.fence &&
    a.task.startedAt === b.task.startedAt &&
    a.lease.remembered === b.lease.remembered &&
    a.lease.origin === b.lease.origin &&
    a.lease.queue === b.lease.queue &&
    deadLetterOf(a.outcome) === deadLetterOf(b.outcome)
  );
}

function deadLetterOf(outcome: TaskOutcome): string | undefined {
  return outcome.status === 'success' ? undefined : outcome.deadLetter;
}

function recordOfEnd({ task, lease, outcome, outcomeJson, ran }: Finish, ttl: number | null): string {
  const { fence, remembered, queue, worker } = lease;
  const { submittedAt, startedAt, attempt, verdict } = task;
  return encodeEnd({
    status: outcome.status,
    ran,
    ttl,
    fence,
    remembered,
    queue,
    worker,
    submittedAt,
    startedAt,
    attempt,
    // Bytes that are no message are no text, either.
    payload: verdict === 'unreadable' ? '' : task.payload,
    progress: outcome.progressJson ?? '',
    outcome: outcomeJson,
  });
}
