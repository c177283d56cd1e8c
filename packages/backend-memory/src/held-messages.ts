import {
  type BrokerPolicy,
  type Claim,
  type Clock,
  type Instant,
  type Lane,
  type Lease,
  type NewMessage,
  QueueFullError,
  ShortLivedMap,
  StoppedError,
} from '@flowrra/core';
import { DueHeap } from './due-heap.js';
import { ExpiryQueue } from './expiry-queue.js';
import { type HeldMessage, verdictOf } from './held-message.js';
import type { LaneQueue } from './lane-queue.js';
import { QueueState } from './queue-state.js';

/** All messages of a broker, in every queue and state, and the ids that are still known after their end. */
export class HeldMessages {
  #closed = false;
  readonly #byId = new ShortLivedMap<string, HeldMessage>();
  readonly #queues = new Map<string, QueueState>();
  /** The running messages, by the end of their leases. */
  readonly #leases = new DueHeap<HeldMessage>();
  readonly #finished = new Set<string>();
  readonly #forgetting = new ExpiryQueue<string>((id) => this.#finished.delete(id));
  #admitted = 0;

  /** `onWork` is called when something can be claimed from a lane that could not be before. */
  constructor(
    readonly policy: BrokerPolicy,
    readonly onWork: (lane: LaneQueue) => void,
  ) {}

  /**
   * What time alone changes: leases end, and ids are forgotten. To be called before anything else is done.
   * @returns now
   * @throws StoppedError after `close`
   */
  catchUp(clock: Clock): number {
    if (this.#closed) throw new StoppedError('The broker');
    this.#forgetting.dropExpired(clock);
    const now = clock.now();
    const next = this.#leases.peek();
    if (next && next.dueAt <= now) this.#recover(now);
    return now;
  }

  get(id: string): HeldMessage | undefined {
    return this.#byId.get(id);
  }

  queue(name: string): QueueState {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = new QueueState(name, this.policy.maxCrashes);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  queues(): Iterable<QueueState> {
    return this.#queues.values();
  }

  isKnown(id: string): boolean {
    return this.#byId.has(id) || this.#finished.has(id);
  }

  /** @throws QueueFullError when a queue has no room for those of the messages that are new */
  checkRoom(messages: readonly NewMessage[]): void {
    const { maxQueueSize } = this.policy;
    if (maxQueueSize === null) return;
    // Of several with one id the first is taken in.
    const fresh = new Set<string>();
    const perQueue = new Map<string, number>();
    for (const { id, queue } of messages) {
      if (fresh.has(id) || this.isKnown(id)) continue;
      fresh.add(id);
      perQueue.set(queue, (perQueue.get(queue) ?? 0) + 1);
    }
    for (const [queue, count] of perQueue) {
      if (this.queue(queue).backlog + count > maxQueueSize) throw new QueueFullError(queue, maxQueueSize);
    }
  }

  admit(message: NewMessage, now: number): void {
    const held: HeldMessage = {
      id: message.id,
      lane: this.queue(message.queue).lane(message.lane),
      priority: message.priority,
      submittedAt: now,
      expiresAt: message.expiresAt && resolveInstant(message.expiresAt, now),
      inTime: true,
      remembered: message.remembered,
      payload: message.payload,
      state: 'nowhere',
      fence: 0,
      attempt: 1,
      crashes: 0,
      cancelled: false,
      deferredSince: null,
      order: this.#admitted++,
      dueAt: 0,
      heapIndex: -1,
    };
    this.#byId.set(message.id, held);
    this.enqueue(held, message.runAt, now, 'back');
  }

  /** Makes a message wait, or be delayed until `runAt`. */
  enqueue(message: HeldMessage, runAt: Instant | null, now: number, where: 'back' | 'front'): void {
    const dueAt = runAt === null ? now : resolveInstant(runAt, now);
    if (dueAt > now) {
      message.lane.delay(message, dueAt);
    } else {
      message.lane.put(message, where);
      this.onWork(message.lane);
    }
  }

  /** Hands a message that was taken from its lane to a worker. */
  deliver(message: HeldMessage, lane: Lane, now: number, leaseMs: number): Claim {
    const verdict = verdictOf(message, now, this.policy.maxCrashes);
    const {
      lane: { queue },
      id,
      payload,
      attempt,
      crashes,
      submittedAt,
      deferredSince,
    } = message;
    message.inTime = verdict !== 'expired';
    message.fence++;
    message.dueAt = now + leaseMs;
    queue.move(message, 'running');
    this.#leases.add(message);
    const lease: Lease = { id, queue: queue.name, lane, fence: message.fence };
    return { lease, verdict, payload, attempt, crashes, submittedAt, startedAt: now, deferredSince };
  }

  /** The message that the lease holds; undefined when it was lost. */
  heldBy({ id, fence }: Lease): HeldMessage | undefined {
    const message = this.#byId.get(id);
    return message?.state === 'running' && message.fence === fence ? message : undefined;
  }

  prolong(message: HeldMessage, until: number): void {
    message.dueAt = until;
    this.#leases.moved(message);
  }

  /** Takes a running message from its holder; something else must become of it at once. */
  takeBack(message: HeldMessage): void {
    this.#leases.remove(message);
  }

  /** What was begun in time cannot expire any more; what was not stays expired, also when its holder dies. */
  noteBegun(message: HeldMessage): void {
    if (message.inTime) message.expiresAt = null;
  }

  /** A message that was taken back has ended. */
  finish(message: HeldMessage, clock: Clock): void {
    this.drop(message);
    if (!message.remembered || this.policy.dedupeWindow === 0) return;
    this.#finished.add(message.id);
    this.#forgetting.add(message.id, this.policy.dedupeWindow, clock);
  }

  /** A message that was taken back is given up, and kept. */
  bury(message: HeldMessage, reason: string, now: number): void {
    const { queue } = message.lane;
    queue.move(message, 'dead');
    queue.dead.set(message.id, { message, reason, diedAt: now });
  }

  /** The message is held, and its id known, no longer. */
  drop(message: HeldMessage): void {
    message.lane.queue.move(message, 'nowhere');
    this.#byId.delete(message.id);
  }

  /** The waiting and delayed messages of a queue are held no longer. */
  purge(queue: QueueState): HeldMessage[] {
    const isQueued = ({ lane, state }: HeldMessage) =>
      lane.queue === queue && (state === 'waiting' || state === 'delayed');
    const purged = this.#byId.values().filter(isQueued);
    for (const message of purged) this.drop(message);
    for (const lane of queue.lanes.values()) lane.clear();
    return purged;
  }

  /** When time alone will next bring work, epoch ms. */
  nextWorkAt(): number {
    let earliest = this.#leases.peek()?.dueAt ?? Number.POSITIVE_INFINITY;
    for (const queue of this.#queues.values()) {
      for (const lane of queue.lanes.values()) earliest = Math.min(earliest, lane.nextDueAt ?? earliest);
    }
    return earliest;
  }

  close(): void {
    this.#closed = true;
    this.#forgetting.stop();
  }

  /** Messages whose leases ended come back before those that never ran, in the order in which they were lost. */
  #recover(now: number): void {
    for (const message of this.#leases.takeDue(now).reverse()) {
      message.crashes++;
      this.noteBegun(message);
      message.lane.put(message, 'front');
      this.onWork(message.lane);
    }
  }
}

function resolveInstant(instant: Instant, now: number): number {
  return 'at' in instant ? instant.at : now + instant.after;
}
