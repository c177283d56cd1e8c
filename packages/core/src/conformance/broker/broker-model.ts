import type { Claim, ExtendReply, Lease, QueueSize, ReleaseReason, Verdict } from '../../brokers/base-broker.js';

/** What the model knows of one message. Times are milliseconds since the model began. */
export interface ModelMessage {
  readonly id: string;
  readonly priority: number;
  /** In which order the messages came. */
  readonly order: number;
  readonly expiresAt: number | null;
  readonly remembered: boolean;
  state: 'waiting' | 'delayed' | 'running' | 'dead';
  /** Neither delayed nor put back so far: first in, first out holds for it. */
  fresh: boolean;
  dueAt: number;
  leaseEndsAt: number;
  attempt: number;
  crashes: number;
  cancelled: boolean;
  /** Of all deliveries, the latest last. */
  readonly leases: Lease[];
}

export const MODEL_POLICY = { maxCrashes: 3, dedupeWindow: 20_000, maxQueueSize: null };

/** A broker as simple as it can be: one map, and time that is moved by hand. */
export class BrokerModel {
  readonly messages = new Map<string, ModelMessage>();
  readonly #finished = new Map<string, number>();
  #now = 0;
  #pushed = 0;

  /** @returns whether the id was known */
  push(message: {
    id: string;
    priority: number;
    delay: number;
    expiresIn: number | null;
    remembered: boolean;
  }): boolean {
    const { id, priority, delay, expiresIn, remembered } = message;
    if (this.messages.has(id) || this.#finished.has(id)) return true;
    this.messages.set(id, {
      id,
      priority,
      order: this.#pushed++,
      expiresAt: expiresIn === null ? null : this.#now + expiresIn,
      remembered,
      state: delay > 0 ? 'delayed' : 'waiting',
      fresh: delay === 0,
      dueAt: this.#now + delay,
      leaseEndsAt: 0,
      attempt: 1,
      crashes: 0,
      cancelled: false,
      leases: [],
    });
    return false;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const message of this.messages.values()) {
      if (message.state === 'delayed' && message.dueAt <= this.#now) message.state = 'waiting';
      if (message.state !== 'running' || message.leaseEndsAt > this.#now) continue;
      message.crashes++;
      Object.assign(message, { state: 'waiting', fresh: false });
    }
    for (const [id, until] of this.#finished) if (until <= this.#now) this.#finished.delete(id);
  }

  /** Those that wait, by what must become of them. */
  waiting(): { urgent: ModelMessage[]; lastChance: ModelMessage[]; plain: ModelMessage[] } {
    const all = [...this.messages.values()].filter(({ state }) => state === 'waiting');
    const urgent = all.filter((one) => one.cancelled || one.crashes >= MODEL_POLICY.maxCrashes);
    const lastChance = all.filter((one) => !urgent.includes(one) && one.crashes === MODEL_POLICY.maxCrashes - 1);
    return { urgent, lastChance, plain: all.filter((one) => !urgent.includes(one) && !lastChance.includes(one)) };
  }

  verdict(message: ModelMessage): Verdict {
    if (message.cancelled) return 'cancelled';
    if (message.leases.length === 0 && message.expiresAt !== null && message.expiresAt <= this.#now) return 'expired';
    return message.crashes >= MODEL_POLICY.maxCrashes ? 'exhausted' : 'run';
  }

  nextDueIn(): number | null {
    const due = [...this.messages.values()].filter(({ state }) => state === 'delayed').map(({ dueAt }) => dueAt);
    return due.length === 0 ? null : Math.min(...due) - this.#now;
  }

  deliver(message: ModelMessage, { lease }: Claim, leaseMs: number): void {
    message.leases.push(lease);
    Object.assign(message, { state: 'running', leaseEndsAt: this.#now + leaseMs });
  }

  extend(lease: Lease, leaseMs: number): ExtendReply {
    const message = this.#heldBy(lease);
    if (!message) return 'lost';
    message.leaseEndsAt = this.#now + leaseMs;
    return message.cancelled ? 'cancel' : 'held';
  }

  ack(lease: Lease, dead: boolean): boolean {
    const message = this.#heldBy(lease);
    if (!message) return false;
    if (dead) {
      message.state = 'dead';
    } else {
      this.messages.delete(message.id);
      if (message.remembered) this.#finished.set(message.id, this.#now + MODEL_POLICY.dedupeWindow);
    }
    return true;
  }

  release(lease: Lease, delay: number, reason: ReleaseReason): boolean {
    const message = this.#heldBy(lease);
    if (!message) return false;
    if (reason === 'failed') message.attempt++;
    const delayed = delay > 0 && !message.cancelled;
    Object.assign(message, { state: delayed ? 'delayed' : 'waiting', fresh: false, dueAt: this.#now + delay });
    return true;
  }

  cancel(id: string): boolean {
    const message = this.messages.get(id);
    if (!message || message.state === 'dead') return false;
    message.cancelled = true;
    if (message.state === 'delayed') message.state = 'waiting';
    return true;
  }

  size(): QueueSize {
    const count = (state: ModelMessage['state']) =>
      [...this.messages.values()].filter((one) => one.state === state).length;
    return { waiting: count('waiting'), delayed: count('delayed'), running: count('running'), dead: count('dead') };
  }

  #heldBy(lease: Lease): ModelMessage | undefined {
    const message = this.messages.get(lease.id);
    return message?.state === 'running' && message.leases.at(-1) === lease ? message : undefined;
  }
}
