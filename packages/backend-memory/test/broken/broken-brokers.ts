import {
  type Acknowledgement,
  type ClaimReply,
  type ClaimRequest,
  type DeadLetter,
  type ExtendReply,
  type Instant,
  type Lease,
  type NewMessage,
  type PushReply,
  QueueFullError,
  type QueueSize,
  type ReleaseReason,
  type WaitForWorkOptions,
} from '@flowrra/core';
import { InMemoryBroker, type InMemoryBrokerOptions } from '../../src/in-memory-broker.js';
import type { BrokerClass } from '../worlds.js';

class LastInFirstOut extends InMemoryBroker {
  override async claim(request: ClaimRequest): Promise<ClaimReply> {
    const reply = await super.claim(request);
    return { ...reply, claims: [...reply.claims].reverse() };
  }
}

class CoarsePriorities extends InMemoryBroker {
  override push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    return super.push(messages.map((message) => ({ ...message, priority: Math.round(message.priority / 10) * 10 })));
  }
}

class NeverRecovers extends InMemoryBroker {
  override claim(request: ClaimRequest): Promise<ClaimReply> {
    return super.claim({ ...request, leaseMs: Number.MAX_SAFE_INTEGER / 2 });
  }
}

class RecoversTooEarly extends InMemoryBroker {
  override claim(request: ClaimRequest): Promise<ClaimReply> {
    return super.claim({ ...request, leaseMs: request.leaseMs / 2 });
  }
}

class DoesNotExtend extends InMemoryBroker {
  override extend(leases: readonly Lease[]): Promise<ExtendReply[]> {
    return super.extend(leases, 1_000);
  }
}

class AcceptsStaleAcks extends InMemoryBroker {
  override async ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    await super.ack(acknowledgements);
    return acknowledgements.map(() => true);
  }
}

/** Hands out a first fence each time, and knows the holder by the id alone. */
class RepeatsFences extends InMemoryBroker {
  readonly #fences = new Map<string, number>();

  override async claim(request: ClaimRequest): Promise<ClaimReply> {
    const reply = await super.claim(request);
    for (const { lease } of reply.claims) this.#fences.set(lease.id, lease.fence);
    return { ...reply, claims: reply.claims.map((claim) => ({ ...claim, lease: { ...claim.lease, fence: 1 } })) };
  }

  override extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return super.extend(
      leases.map((lease) => this.#current(lease)),
      leaseMs,
    );
  }

  override ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    return super.ack(acknowledgements.map(({ lease, deadLetter }) => ({ lease: this.#current(lease), deadLetter })));
  }

  override release(lease: Lease, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return super.release(this.#current(lease), options);
  }

  #current(lease: Lease): Lease {
    return { ...lease, fence: this.#fences.get(lease.id) ?? lease.fence };
  }
}

class ForgetsCancels extends InMemoryBroker {
  override async cancel(_queue: string, id: string): Promise<boolean> {
    const [held] = await this.holds([id]);
    return held === true;
  }
}

class CancelsOnlyWhatWaits extends InMemoryBroker {
  override async extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return (await super.extend(leases, leaseMs)).map((reply) => (reply === 'cancel' ? 'held' : reply));
  }
}

class EnqueuesKnownIds extends InMemoryBroker {
  override async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    const replies = await super.push(messages);
    const repeated = messages.filter((_, i) => replies[i]?.known);
    await super.push(repeated.map((message) => ({ ...message, id: `${message.id}.again` })));
    return replies;
  }
}

class RunsDelayedTooEarly extends InMemoryBroker {
  override push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    return super.push(messages.map((message) => ({ ...message, runAt: message.runAt && earlier(message.runAt) })));
  }
}

function earlier(instant: Instant): Instant {
  return 'at' in instant ? { at: instant.at - 1 } : { after: instant.after - 1 };
}

class TakesPartOfAPush extends InMemoryBroker {
  override async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    const replies: PushReply[] = [];
    for (const message of messages) replies.push(...(await super.push([message])));
    return replies;
  }
}

/** Looks first and pushes afterwards: many at once all see room. */
class LimitsTooLate extends InMemoryBroker {
  readonly #limit: number;

  constructor(options: InMemoryBrokerOptions) {
    super({ ...options, maxQueueSize: null });
    this.#limit = options.maxQueueSize ?? Number.POSITIVE_INFINITY;
  }

  override async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    const queue = messages[0]?.queue ?? '';
    const { waiting } = await this.size(queue);
    if (waiting + messages.length > this.#limit) throw new QueueFullError(queue, this.#limit);
    return super.push(messages);
  }
}

class AltersPayloads extends InMemoryBroker {
  override push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    return super.push(messages.map((message) => ({ ...message, payload: reencode(message.payload) })));
  }
}

function reencode(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload));
  } catch {
    return payload;
  }
}

class IgnoresLastChances extends InMemoryBroker {
  override claim(request: ClaimRequest): Promise<ClaimReply> {
    return super.claim({ ...request, alone: true });
  }
}

class NeverGivesUp extends InMemoryBroker {
  constructor(options: InMemoryBrokerOptions) {
    super({ ...options, maxCrashes: 1_000 });
  }
}

class ForgetsFinishedIds extends InMemoryBroker {
  constructor(options: InMemoryBrokerOptions) {
    super({ ...options, dedupeWindow: 0 });
  }
}

class RemembersForEver extends InMemoryBroker {
  constructor(options: InMemoryBrokerOptions) {
    super({ ...options, dedupeWindow: '1000d' });
  }
}

class NeverWakes extends InMemoryBroker {
  override waitForWork(): Promise<void> {
    return new Promise(() => {});
  }
}

class PutsStoppedWorkLast extends InMemoryBroker {
  override release(lease: Lease, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return super.release(lease, { ...options, reason: options.reason === 'stopped' ? 'deferred' : options.reason });
  }
}

class CountsEveryRelease extends InMemoryBroker {
  override release(lease: Lease, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return super.release(lease, { ...options, reason: 'failed' });
  }
}

class PausesNothing extends InMemoryBroker {
  override async pause(): Promise<void> {}
}

class LosesDeadLetters extends InMemoryBroker {
  override async deadLetters(): Promise<DeadLetter[]> {
    return [];
  }
}

class CountsRunningAsWaiting extends InMemoryBroker {
  override async size(queue: string): Promise<QueueSize> {
    const size = await super.size(queue);
    return { ...size, waiting: size.waiting + size.running, running: 0 };
  }
}

class ServesWhenClosed extends InMemoryBroker {
  override async close(): Promise<void> {}
}

class SleepsThroughCancels extends InMemoryBroker {
  #isCancelled = false;

  override cancel(queue: string, id: string): Promise<boolean> {
    this.#isCancelled = true;
    return super.cancel(queue, id);
  }

  override async waitForWork(queues: readonly string[], options: WaitForWorkOptions): Promise<void> {
    await super.waitForWork(queues, options);
    if (this.#isCancelled) await new Promise(() => {});
  }
}

class AddsExtensionsUp extends InMemoryBroker {
  #extensions = 0;

  override extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return super.extend(leases, ++this.#extensions * leaseMs);
  }
}

/** Knows what was put back, to do wrong with it. */
class NotesReleases extends InMemoryBroker {
  protected readonly released = new Set<string>();

  override release(lease: Lease, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    this.released.add(lease.id);
    return super.release(lease, options);
  }
}

class ForgetsIdsOfRetries extends NotesReleases {
  override async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    const held = await this.holds(messages.map(({ id }) => id));
    const replies = await super.push(messages);
    return replies.map((reply, i) => ({
      ...reply,
      known: reply.known && (held[i] === true || !this.released.has(messages[i]?.id ?? '')),
    }));
  }
}

class MovesRetriesToTheIoLane extends NotesReleases {
  override claim(request: ClaimRequest): Promise<ClaimReply> {
    return super.claim(this.released.size > 0 && request.lane === 'io' ? { ...request, lane: 'cpu' } : request);
  }
}

class HidesWhenRetriesAreDue extends NotesReleases {
  override async claim(request: ClaimRequest): Promise<ClaimReply> {
    const reply = await super.claim(request);
    return this.released.size > 0 ? { ...reply, nextDueIn: null } : reply;
  }
}

class SubmitsRetriesAnew extends NotesReleases {
  override async claim(request: ClaimRequest): Promise<ClaimReply> {
    const reply = await super.claim(request);
    const claims = reply.claims.map((claim) =>
      this.released.has(claim.lease.id) ? { ...claim, submittedAt: claim.startedAt } : claim,
    );
    return { ...reply, claims };
  }
}

class RunsLastChancesOfRetriesBesideOthers extends NotesReleases {
  override claim(request: ClaimRequest): Promise<ClaimReply> {
    return super.claim({ ...request, alone: request.alone || this.released.size > 0 });
  }
}

class RunsWhatIsToBeGivenUpAfterAll extends NotesReleases {
  override async claim(request: ClaimRequest): Promise<ClaimReply> {
    const reply = await super.claim(request);
    const claims = reply.claims.map((claim) =>
      this.released.has(claim.lease.id) ? { ...claim, verdict: 'run' as const } : claim,
    );
    return { ...reply, claims };
  }
}

class PurgesNoRetries extends NotesReleases {
  readonly #messages = new Map<string, NewMessage>();

  override push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    for (const message of messages) this.#messages.set(message.id, message);
    return super.push(messages);
  }

  override async purge(queue: string): Promise<string[]> {
    const purged = await super.purge(queue);
    const kept = purged.filter((id) => this.released.has(id));
    await super.push(kept.flatMap((id) => this.#messages.get(id) ?? []));
    return purged.filter((id) => !kept.includes(id));
  }
}

class PausesOnlyWhoIsNotAlone extends InMemoryBroker {
  #paused = false;

  override async pause(): Promise<void> {
    this.#paused = true;
  }

  override async resume(): Promise<void> {
    this.#paused = false;
  }

  override claim(request: ClaimRequest): Promise<ClaimReply> {
    return super.claim(this.#paused && !request.alone ? { ...request, queue: 'nothing-in-it' } : request);
  }
}

/** Each bug, and the promise that must catch it. */
export const BROKEN_BROKERS: readonly (readonly [BrokerClass, string])[] = [
  [LastInFirstOut, 'hands out first what came first'],
  [CoarsePriorities, 'hands out lower priorities first, and inside one what came first (BK-18)'],
  [NeverRecovers, 'gives a message that nobody held on to out again, with a higher fence and its crash counted'],
  [RecoversTooEarly, 'gives a message to nobody else while it is held'],
  [DoesNotExtend, 'holds a message for as long as it is extended'],
  [AcceptsStaleAcks, 'refuses the holder whose message was given to another'],
  [RepeatsFences, 'gives every delivery a higher fence'],
  [ForgetsCancels, 'hands out a cancelled message next, before all others, to be ended'],
  [CancelsOnlyWhatWaits, 'tells the holder of a running message, each time it asks'],
  [EnqueuesKnownIds, 'knows a message that waits, is delayed or runs, and leaves it as it is'],
  [RunsDelayedTooEarly, 'hands out a delayed message when it is due, and not a millisecond before'],
  [TakesPartOfAPush, 'refuses what would exceed the limit, and takes none of it'],
  [LimitsTooLate, 'never holds more than its limit, however many push at once (BK-22)'],
  [AltersPayloads, 'keeps the bytes of a payload through claim, retry, crash and requeue (SE-07)'],
  [IgnoresLastChances, 'keeps the last chance of a message for a worker that does nothing else (BK-14)'],
  [NeverGivesUp, 'hands out what crashed too often to be given up (BK-14)'],
  [ForgetsFinishedIds, 'remembers an explicit id for the dedupe window after its end, and no longer (BK-23)'],
  [RemembersForEver, 'remembers an explicit id for the dedupe window after its end, and no longer (BK-23)'],
  [NeverWakes, 'wakes who waits for work when a message is pushed, time after time'],
  [PutsStoppedWorkLast, 'puts what a stopping worker gives back in front of its priority, and not before others'],
  [CountsEveryRelease, 'counts nothing against a task whose worker stopped, or does not know it'],
  [PausesNothing, 'hands out nothing of a paused queue, whatever its verdict, until it is resumed'],
  [LosesDeadLetters, 'keeps the bytes of a message that is given up, with the reason'],
  [CountsRunningAsWaiting, 'counts messages by what they do'],
  [ServesWhenClosed, 'takes nothing in and hands nothing out once it is closed'],
  [SleepsThroughCancels, 'wakes when a delayed message is cancelled, since somebody has to end it'],
  [AddsExtensionsUp, 'holds a message from its last extension on, however many there were'],
  [ForgetsIdsOfRetries, 'remembers an explicit id however its task came to its end'],
  [MovesRetriesToTheIoLane, 'puts a message back where it was: in its queue and lane'],
  [HidesWhenRetriesAreDue, 'puts a delayed message back where it was, and a worker of its lane hears when it is due'],
  [SubmitsRetriesAnew, 'says when a message was submitted, however often it runs'],
  [
    RunsLastChancesOfRetriesBesideOthers,
    'keeps the last chance of a message that was put back for a worker that does nothing else',
  ],
  [RunsWhatIsToBeGivenUpAfterAll, 'hands what is to be given up out again when its holder put it back or died with it'],
  [PurgesNoRetries, 'purges what was put back, to run at once or later'],
  [
    PausesOnlyWhoIsNotAlone,
    'hands nothing of a paused queue out, and purges all of it, also what waits for its last chance or to be given up',
  ],
];
