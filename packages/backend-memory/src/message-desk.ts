import {
  type BrokerPolicy,
  type ClaimReply,
  type ClaimRequest,
  type Clock,
  type ExtendReply,
  type Instant,
  type Lease,
  type NewMessage,
  type PushReply,
  type QueueSize,
  type ReleaseReason,
  systemClock,
  type Timer,
  type WaitForWorkOptions,
} from '@flowrra/core';
import { HeldMessages } from './held-messages.js';
import type { LaneQueue } from './lane-queue.js';
import type { Burial } from './queue-state.js';
import { abortedWait, WorkWaits } from './work-waits.js';

const NOTHING: ClaimReply = { claims: [], nextDueIn: null, lastChanceWaiting: false };

/** All that is done with messages in a process, each step at once, and those who wait for work. */
export class MessageDesk {
  readonly #messages: HeldMessages;
  readonly #workWaits = new WorkWaits();
  #alarm: { readonly at: number; readonly timer: Timer } | null = null;
  clock: Clock = systemClock;

  /** `onCancel` is called with the id of a running message that is to end. */
  constructor(
    policy: BrokerPolicy,
    readonly onCancel: (id: string) => void,
  ) {
    this.#messages = new HeldMessages(policy, (lane) => this.#announce(lane));
  }

  /** @throws QueueFullError */
  push(messages: readonly NewMessage[]): PushReply[] {
    const now = this.#messages.catchUp(this.clock);
    this.#messages.checkRoom(messages);
    const replies = messages.map((message) => {
      const known = this.#messages.isKnown(message.id);
      if (!known) this.#messages.admit(message, now);
      return { known, submittedAt: now };
    });
    this.#setAlarm();
    return replies;
  }

  claim({ queue: name, lane: laneName, count, leaseMs, alone }: ClaimRequest): ClaimReply {
    const now = this.#messages.catchUp(this.clock);
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

  extend(lease: Lease, leaseMs: number): ExtendReply {
    const now = this.#messages.catchUp(this.clock);
    const message = this.#messages.heldBy(lease);
    if (!message) return 'lost';
    this.#messages.prolong(message, now + leaseMs);
    return message.cancelled ? 'cancel' : 'held';
  }

  /** @returns false when the lease was lost */
  ack(lease: Lease, deadLetter?: string): boolean {
    const now = this.#messages.catchUp(this.clock);
    const message = this.#messages.heldBy(lease);
    if (!message) return false;
    this.#messages.takeBack(message);
    if (deadLetter === undefined) this.#messages.finish(message, this.clock);
    else this.#messages.bury(message, deadLetter, now);
    return true;
  }

  /** @returns false when the lease was lost */
  release(lease: Lease, { runAt, reason }: { runAt: Instant | null; reason: ReleaseReason }): boolean {
    const now = this.#messages.catchUp(this.clock);
    const message = this.#messages.heldBy(lease);
    if (!message) return false;
    this.#messages.takeBack(message);
    if (reason === 'failed') message.attempt++;
    if (reason !== 'unstarted') {
      this.#messages.noteBegun(message);
      message.deferredSince = reason === 'deferred' ? (message.deferredSince ?? now) : null;
    }
    const where = reason === 'stopped' || reason === 'unstarted' ? 'front' : 'back';
    // Somebody waits for a cancelled message to end: it is not delayed.
    this.#messages.enqueue(message, message.cancelled ? null : runAt, now, where);
    this.#setAlarm();
    return true;
  }

  cancel(queue: string, id: string): boolean {
    this.#messages.catchUp(this.clock);
    const message = this.#messages.get(id);
    if (!message || message.state === 'dead' || message.lane.queue.name !== queue) return false;
    if (message.cancelled) return true;
    message.cancelled = true;
    if (message.state === 'running') {
      this.onCancel(id);
    } else {
      message.lane.cancel(message);
      this.#announce(message.lane);
    }
    return true;
  }

  holds(id: string): boolean {
    return this.#messages.get(id) !== undefined;
  }

  size(name: string): QueueSize {
    const now = this.#messages.catchUp(this.clock);
    const queue = this.#messages.queue(name);
    queue.promote(now);
    return queue.size();
  }

  /** Latest first. */
  deadLetters(queue: string): Burial[] {
    return [...this.#messages.queue(queue).dead.values()].reverse();
  }

  takeDeadLetter(queue: string, id: string): Burial | null {
    const { dead } = this.#messages.queue(queue);
    const burial = dead.get(id);
    if (!burial) return null;
    dead.delete(id);
    this.#messages.drop(burial.message);
    return burial;
  }

  /** @returns the ids of the waiting and delayed messages, which are held no longer */
  purge(name: string): string[] {
    this.#messages.catchUp(this.clock);
    return this.#messages.purge(this.#messages.queue(name)).map(({ id }) => id);
  }

  pause(name: string): void {
    this.#messages.queue(name).paused = true;
  }

  resume(name: string): void {
    const queue = this.#messages.queue(name);
    queue.paused = false;
    for (const lane of queue.lanes.values()) this.#announce(lane);
  }

  async waitForWork(queues: readonly string[], { signal, lane }: WaitForWorkOptions): Promise<void> {
    if (signal.aborted) throw abortedWait(signal);
    this.#messages.catchUp(this.clock);
    // What came after the caller's last claim and before this call is not announced again.
    if (queues.some((name) => this.#messages.queue(name).takeNews(lane))) return;
    const wait = this.#workWaits.add(queues, signal);
    this.#setAlarm();
    await wait;
  }

  close(): void {
    this.#workWaits.close();
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
    const timer = this.clock.after(at - this.clock.now(), () => this.#onAlarm(), { keepAlive: false });
    this.#alarm = { at, timer };
  }

  #onAlarm(): void {
    this.#alarm = null;
    const now = this.#messages.catchUp(this.clock);
    for (const queue of this.#messages.queues()) {
      if (queue.promote(now)) this.#workWaits.wake(queue.name);
    }
    this.#setAlarm();
  }
}
