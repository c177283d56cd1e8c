import type { Claim, ExtendReply, Lane, Lease, QueueSize, ReleaseReason, Verdict } from '../../brokers/base-broker.js';
import type { BrokerPolicy } from '../../brokers/broker-policy.js';

/** A message on its way into the model. Durations are milliseconds. */
export interface ModelPush {
  readonly id: string;
  readonly queue: string;
  readonly lane: Lane;
  readonly priority: number;
  readonly delay: number;
  readonly expiresIn: number | null;
  readonly remembered: boolean;
}

/** What the model knows of one message. Times are milliseconds since the model began. */
export interface ModelMessage extends Omit<ModelPush, 'delay' | 'expiresIn'> {
  /** In which order the messages came; no two have the same. */
  readonly order: number;
  readonly pushedAt: number;
  expiresAt: number | null;
  /** Whether it was handed out in time when it was handed out last. */
  inTime: boolean;
  state: 'waiting' | 'delayed' | 'running' | 'dead';
  /** Neither delayed nor put back so far: first in, first out holds for it. */
  fresh: boolean;
  dueAt: number;
  leaseEndsAt: number;
  attempt: number;
  crashes: number;
  cancelled: boolean;
  deferredSince: number | null;
  /** Of all deliveries, the latest last. */
  readonly leases: Lease[];
}

/** A broker as simple as it can be: one map, and time that is moved by hand. */
export class BrokerModel {
  readonly messages = new Map<string, ModelMessage>();
  readonly paused = new Set<string>();
  readonly #leases: Lease[] = [];
  readonly #finished = new Map<string, number>();
  #now = 0;
  #offered = 0;

  constructor(readonly policy: BrokerPolicy) {}

  get now(): number {
    return this.#now;
  }

  /** How many messages were offered so far: the order of the next one. */
  get offered(): number {
    return this.#offered;
  }

  /** How many deliveries there were. */
  get deliveries(): number {
    return this.#leases.length;
  }

  isKnown(id: string): boolean {
    return this.messages.has(id) || this.#finished.has(id);
  }

  /** @returns per message whether its id was known; null when a queue is full, and then nothing was taken in */
  push(messages: readonly ModelPush[]): boolean[] | null {
    const first = this.#offered;
    this.#offered += messages.length;
    const ids = messages.map(({ id }) => id);
    const fresh = messages.filter(({ id }, i) => !this.isKnown(id) && ids.indexOf(id) === i);
    if (fresh.some(({ queue }) => !this.#hasRoom(queue, fresh))) return null;
    return messages.map((message, i) => this.isKnown(message.id) || !this.takeIn(message, first + i));
  }

  protected takeIn({ delay, expiresIn, ...message }: ModelPush, order: number): ModelMessage {
    const taken: ModelMessage = {
      ...message,
      order,
      pushedAt: this.#now,
      expiresAt: expiresIn === null ? null : this.#now + expiresIn,
      inTime: true,
      state: delay > 0 ? 'delayed' : 'waiting',
      fresh: delay === 0,
      dueAt: this.#now + delay,
      leaseEndsAt: 0,
      attempt: 1,
      crashes: 0,
      cancelled: false,
      deferredSince: null,
      leases: [],
    };
    this.messages.set(taken.id, taken);
    return taken;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const message of this.messages.values()) {
      if (message.state === 'delayed' && message.dueAt <= this.#now) message.state = 'waiting';
      if (message.state === 'running' && message.leaseEndsAt <= this.#now) this.crash(message);
    }
    for (const [id, until] of this.#finished) if (until <= this.#now) this.#finished.delete(id);
  }

  /** What was begun in time cannot expire any more. */
  #noteBegun(message: ModelMessage): void {
    if (message.inTime) message.expiresAt = null;
  }

  protected crash(message: ModelMessage): void {
    message.crashes++;
    this.#noteBegun(message);
    Object.assign(message, { state: 'waiting', fresh: false });
  }

  /** Those that a claim could hand out, by what must become of them. */
  waiting(queue: string, lane: Lane): { urgent: ModelMessage[]; lastChance: ModelMessage[]; plain: ModelMessage[] } {
    const { maxCrashes } = this.policy;
    const all = this.paused.has(queue) ? [] : this.#all(queue, 'waiting').filter((one) => one.lane === lane);
    const urgent = all.filter((one) => one.cancelled || one.crashes >= maxCrashes);
    const lastChance = all.filter((one) => !urgent.includes(one) && one.crashes === maxCrashes - 1);
    return { urgent, lastChance, plain: all.filter((one) => !urgent.includes(one) && !lastChance.includes(one)) };
  }

  verdict(message: ModelMessage): Verdict {
    if (message.cancelled) return 'cancelled';
    if (message.crashes >= this.policy.maxCrashes) return 'exhausted';
    return message.expiresAt !== null && message.expiresAt <= this.#now ? 'expired' : 'run';
  }

  nextDueIn(queue: string, lane: Lane): number | null {
    if (this.paused.has(queue)) return null;
    const delayed = this.#all(queue, 'delayed').filter((one) => one.lane === lane);
    return delayed.length === 0 ? null : Math.min(...delayed.map(({ dueAt }) => dueAt)) - this.#now;
  }

  deliver(message: ModelMessage, { lease, verdict }: Claim, leaseMs: number): void {
    message.leases.push(lease);
    this.#leases.push(lease);
    message.inTime = verdict !== 'expired';
    Object.assign(message, { state: 'running', leaseEndsAt: this.#now + leaseMs });
  }

  /**
   * A delivery, counted back from the latest one. Fences begin anew with every message: what can be taken for the latest
   * delivery of an id that was used again is left out.
   */
  latestLease(back: number): Lease | undefined {
    const lease = this.#leases.at(-1 - back);
    const latest = lease && this.messages.get(lease.id)?.leases.at(-1);
    return latest !== lease && latest?.fence === lease?.fence ? undefined : lease;
  }

  /** The message that the lease holds; undefined when it was lost. */
  heldBy(lease: Lease): ModelMessage | undefined {
    const message = this.messages.get(lease.id);
    return message?.state === 'running' && message.leases.at(-1) === lease ? message : undefined;
  }

  extend(lease: Lease, leaseMs: number): ExtendReply {
    const message = this.heldBy(lease);
    if (!message) return 'lost';
    message.leaseEndsAt = this.#now + leaseMs;
    return message.cancelled ? 'cancel' : 'held';
  }

  ack(lease: Lease, dead: boolean): boolean {
    const message = this.heldBy(lease);
    if (!message) return false;
    if (dead) message.state = 'dead';
    else this.end(message);
    return true;
  }

  /** The message is held no longer; its id may be remembered. */
  protected end({ id, remembered }: ModelMessage): void {
    this.messages.delete(id);
    if (remembered) this.#finished.set(id, this.#now + this.policy.dedupeWindow);
  }

  release(lease: Lease, delay: number, reason: ReleaseReason): boolean {
    const message = this.heldBy(lease);
    if (!message) return false;
    if (reason === 'failed') message.attempt++;
    if (reason !== 'unstarted') {
      this.#noteBegun(message);
      message.deferredSince = reason === 'deferred' ? (message.deferredSince ?? this.#now) : null;
    }
    const delayed = delay > 0 && !message.cancelled;
    Object.assign(message, { state: delayed ? 'delayed' : 'waiting', fresh: false, dueAt: this.#now + delay });
    return true;
  }

  cancel(queue: string, id: string): boolean {
    const message = this.messages.get(id);
    if (!message || message.state === 'dead' || message.queue !== queue) return false;
    message.cancelled = true;
    if (message.state === 'delayed') message.state = 'waiting';
    return true;
  }

  /** @returns the ids of what was removed */
  purge(queue: string): string[] {
    const ids = [...this.#all(queue, 'waiting'), ...this.#all(queue, 'delayed')].map(({ id }) => id);
    for (const id of ids) this.messages.delete(id);
    return ids;
  }

  takeDeadLetter(queue: string, id: string): boolean {
    return this.#all(queue, 'dead').some((one) => one.id === id) && this.messages.delete(id);
  }

  size(queue: string): QueueSize {
    const count = (state: ModelMessage['state']) => this.#all(queue, state).length;
    return { waiting: count('waiting'), delayed: count('delayed'), running: count('running'), dead: count('dead') };
  }

  #all(queue: string, state: ModelMessage['state']): ModelMessage[] {
    return [...this.messages.values()].filter((one) => one.queue === queue && one.state === state);
  }

  #hasRoom(queue: string, fresh: readonly ModelPush[]): boolean {
    const { maxQueueSize } = this.policy;
    const { waiting, delayed } = this.size(queue);
    const wanted = fresh.filter((one) => one.queue === queue).length;
    return maxQueueSize === null || waiting + delayed + wanted <= maxQueueSize;
  }
}
