import {
  type Acknowledgement,
  BaseBroker,
  BROKER_POLICY_OPTIONS,
  type BrokerPolicyOptions,
  CANCEL_TOPIC,
  type ClaimReply,
  type ClaimRequest,
  type Clock,
  checkBrokerPolicy,
  checkOptions,
  checkPage,
  consoleLogger,
  type DeadLetter,
  type ExtendReply,
  type Instant,
  type Lease,
  type Logger,
  type NewMessage,
  type Page,
  type PushReply,
  type QueueSize,
  type ReleaseReason,
  type StoreContext,
  systemClock,
  type Timer,
} from '@flowrra/core';
import { HeldMessages } from './held-messages.js';
import type { LaneQueue } from './lane-queue.js';
import type { Burial } from './queue-state.js';
import { Topics } from './topics.js';
import { abortedWait, WorkWaits } from './work-waits.js';

export type InMemoryBrokerOptions = BrokerPolicyOptions;

const NOTHING: ClaimReply = { claims: [], nextDueIn: null, lastChanceWaiting: false };

/**
 * Carries messages within this process: for development, tests and apps that are one process. Messages end with the
 * process.
 *
 * @example
 * const broker = new InMemoryBroker({ maxQueueSize: 10_000 });
 */
export class InMemoryBroker extends BaseBroker {
  override readonly supports = {
    deadLetters: true,
    purge: true,
    pause: true,
    limits: false,
    workers: false,
    events: true,
    processLocal: true,
  };
  override readonly dedupeWindow: number;
  readonly #messages: HeldMessages;
  readonly #workWaits = new WorkWaits();
  readonly #topics = new Topics();
  #alarm: { readonly at: number; readonly timer: Timer } | null = null;
  #clock: Clock = systemClock;
  #logger: Logger = consoleLogger;

  /** @throws ConfigError for an unknown option or a wrong value */
  constructor(options: InMemoryBrokerOptions = {}) {
    super();
    checkOptions<InMemoryBrokerOptions>(options, '', BROKER_POLICY_OPTIONS);
    const policy = checkBrokerPolicy(options);
    this.#messages = new HeldMessages(policy, (lane) => this.#announce(lane));
    this.dedupeWindow = policy.dedupeWindow;
  }

  override async open({ clock, logger }: StoreContext): Promise<void> {
    this.#clock = clock;
    this.#logger = logger;
  }

  async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    const now = this.#messages.catchUp(this.#clock);
    this.#messages.checkRoom(messages);
    const replies = messages.map((message) => {
      const known = this.#messages.isKnown(message.id);
      if (!known) this.#messages.admit(message, now);
      return { known, submittedAt: now };
    });
    this.#setAlarm();
    return replies;
  }

  async claim({ queue: name, lane: laneName, count, leaseMs, alone }: ClaimRequest): Promise<ClaimReply> {
    const now = this.#messages.catchUp(this.#clock);
    const queue = this.#messages.queue(name);
    if (queue.paused) return NOTHING;
    const lane = queue.lane(laneName);
    lane.promote(now);
    const claims = lane.take(count, alone).map((message) => this.#messages.deliver(message, laneName, now, leaseMs));
    if (claims.length < count) lane.hasNews = false;
    this.#setAlarm();
    const { nextDueAt, lastChanceWaiting } = lane;
    return { claims, nextDueIn: nextDueAt === undefined ? null : nextDueAt - now, lastChanceWaiting };
  }

  async extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    const now = this.#messages.catchUp(this.#clock);
    return leases.map((lease) => {
      const message = this.#messages.heldBy(lease);
      if (!message) return 'lost';
      this.#messages.prolong(message, now + leaseMs);
      return message.cancelled ? 'cancel' : 'held';
    });
  }

  async ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    const now = this.#messages.catchUp(this.#clock);
    return acknowledgements.map(({ lease, deadLetter }) => {
      const message = this.#messages.heldBy(lease);
      if (!message) return false;
      this.#messages.takeBack(message);
      if (deadLetter === undefined) this.#messages.finish(message, this.#clock);
      else this.#messages.bury(message, deadLetter, now);
      return true;
    });
  }

  async release(lease: Lease, { runAt, reason }: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    const now = this.#messages.catchUp(this.#clock);
    const message = this.#messages.heldBy(lease);
    if (!message) return false;
    this.#messages.takeBack(message);
    if (reason === 'failed') message.attempt++;
    message.deferredSince = reason === 'deferred' ? (message.deferredSince ?? now) : null;
    // Somebody waits for a cancelled message to end: it is not delayed.
    this.#messages.enqueue(message, message.cancelled ? null : runAt, now, reason === 'stopped' ? 'front' : 'back');
    this.#setAlarm();
    return true;
  }

  async cancel(queue: string, id: string): Promise<boolean> {
    this.#messages.catchUp(this.#clock);
    const message = this.#messages.get(id);
    if (!message || message.state === 'dead' || message.lane.queue.name !== queue) return false;
    if (message.cancelled) return true;
    message.cancelled = true;
    if (message.state === 'running') {
      this.#topics.publish(CANCEL_TOPIC, id, this.#logger);
    } else {
      message.lane.cancel(message);
      this.#announce(message.lane);
    }
    return true;
  }

  async holds(ids: readonly string[]): Promise<boolean[]> {
    return ids.map((id) => this.#messages.get(id) !== undefined);
  }

  async size(name: string): Promise<QueueSize> {
    const now = this.#messages.catchUp(this.#clock);
    const queue = this.#messages.queue(name);
    queue.promote(now);
    return queue.size();
  }

  async waitForWork(queues: readonly string[], { signal }: { signal: AbortSignal }): Promise<void> {
    if (signal.aborted) throw abortedWait(signal);
    this.#messages.catchUp(this.#clock);
    // What came after the caller's last claim and before this call is not announced again.
    if (queues.some((name) => this.#messages.queue(name).takeNews())) return;
    const wait = this.#workWaits.add(queues, signal);
    this.#setAlarm();
    await wait;
  }

  override async deadLetters(queue: string, page: Page = {}): Promise<DeadLetter[]> {
    const { limit, offset } = checkPage(page);
    const latestFirst = [...this.#messages.queue(queue).dead.values()].reverse();
    return latestFirst.slice(offset, offset + limit).map(describeBurial);
  }

  override async takeDeadLetter(queue: string, id: string): Promise<DeadLetter | null> {
    const { dead } = this.#messages.queue(queue);
    const burial = dead.get(id);
    if (!burial) return null;
    dead.delete(id);
    this.#messages.drop(burial.message);
    return describeBurial(burial);
  }

  override async purge(queue: string): Promise<string[]> {
    this.#messages.catchUp(this.#clock);
    return this.#messages.purge(this.#messages.queue(queue)).map(({ id }) => id);
  }

  override async pause(queue: string): Promise<void> {
    this.#messages.queue(queue).paused = true;
  }

  override async resume(queue: string): Promise<void> {
    const state = this.#messages.queue(queue);
    state.paused = false;
    for (const lane of state.lanes.values()) this.#announce(lane);
  }

  override async publish(topic: string, text: string): Promise<void> {
    this.#topics.publish(topic, text, this.#logger);
  }

  override async subscribe(topic: string, listener: (text: string) => void): Promise<() => Promise<void>> {
    const end = this.#topics.subscribe(topic, listener);
    return async () => end();
  }

  override async close(): Promise<void> {
    this.#workWaits.close();
    this.#topics.clear();
    this.#messages.close();
    this.#alarm?.timer.cancel();
    this.#alarm = null;
  }

  #announce(lane: LaneQueue): void {
    lane.hasNews = true;
    this.#workWaits.wake(lane.queue.name);
  }

  /** While somebody waits for work: look again when a delayed message is due or a lease ends. */
  #setAlarm(): void {
    if (this.#workWaits.size === 0) return;
    const at = this.#messages.nextWorkAt();
    if (at >= (this.#alarm?.at ?? Number.POSITIVE_INFINITY)) return;
    this.#alarm?.timer.cancel();
    const timer = this.#clock.after(at - this.#clock.now(), () => this.#onAlarm(), { keepAlive: false });
    this.#alarm = { at, timer };
  }

  #onAlarm(): void {
    this.#alarm = null;
    const now = this.#messages.catchUp(this.#clock);
    for (const queue of this.#messages.queues()) {
      if (queue.promote(now)) this.#workWaits.wake(queue.name);
    }
    this.#setAlarm();
  }
}

function describeBurial({ message, reason, diedAt }: Burial): DeadLetter {
  const { id, lane, payload } = message;
  return { id, queue: lane.queue.name, reason, diedAt: new Date(diedAt), payload: new TextEncoder().encode(payload) };
}
