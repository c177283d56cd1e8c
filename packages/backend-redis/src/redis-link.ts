import { BackendError, type Clock, ShortLivedSet, StoppedError, systemClock, type Timer } from '@flowrra/core';
import type { Redis } from 'ioredis';
import {
  greetingEnded,
  isEndOfGreeting,
  isFollower,
  isRefusal,
  ReplyLostError,
  translateError,
  unreachable,
} from './redis-errors.js';

/** A reply that takes longer, in milliseconds, means that the link is dead: it is cut and opened again. */
export const REPLY_TIMEOUT = 5_000;
/** Milliseconds between two pings of a link that somebody relies on. */
const PING_INTERVAL = 2_000;

/** Arguments of a command that is worth a packet of its own. */
const LONG = 200;

/** What is sent: arguments as they go over the wire. */
export type Argument = string | number | Buffer;

interface UnansweredCall {
  /** By `performance.now()`, which nobody sets back. */
  readonly sentAt: number;
  /** Milliseconds. */
  readonly patience: number;
  readonly giveUp: (err: ReplyLostError) => void;
}

/**
 * One connection: opened on first use, opened again for ever, and honest about what it sent. A command waits for the
 * connection for a limited time and is then refused, so it is never carried out behind the caller's back. Deadlines
 * here are about the machine, so they are on its timers, and on a time that nobody sets.
 */
export class RedisLink {
  readonly #clock: Clock = systemClock;
  /** Why the server does not let us in; cleared by the next attempt. */
  #refusal: BackendError | null = null;
  #lastError: unknown = null;
  #cut: unknown = null;
  #waiting = new Set<() => void>();
  /** Oldest first. */
  readonly #unanswered = new ShortLivedSet<UnansweredCall>();
  /** Looks after calls that wait too long; the time is that of `performance.now()`. */
  #watchdog: { readonly at: number; readonly timer: Timer } | null = null;
  #users = 0;
  #pings: Timer | null = null;
  #closed = false;

  constructor(
    readonly client: Redis,
    /** Whether the client is ours: then it is closed here, and cut when it is silent. */
    readonly owned: boolean,
    readonly address: string,
  ) {
    this.#addToMaxListeners(1);
    client.on('error', this.#onError);
    client.on('connect', this.#onConnect);
    client.on('ready', this.#wakeUp);
    client.on('end', this.#wakeUp);
  }

  /** Whether the server answers, as far as this link knows. */
  get healthy(): boolean {
    const now = performance.now();
    return this.#usable() && this.#unanswered.values().every(({ sentAt }) => now - sentAt < PING_INTERVAL);
  }

  /**
   * Sends a command, once. Replies are bytes.
   * @param deadline milliseconds to wait for the connection
   * @param patience milliseconds to wait for the reply; by default as long as the link counts as alive
   * @throws StoreUnavailableError when it was not sent; ReplyLostError when it was, and no reply came
   */
  call(command: string, args: readonly Argument[], deadline: number, patience = REPLY_TIMEOUT): Promise<unknown> {
    const send = () => this.#watch(this.#send(command, args), Math.min(patience, REPLY_TIMEOUT));
    return this.#usable() ? send() : this.#becomeUsable(deadline).then(send);
  }

  /** What is sent in one turn travels together; but a long command goes at once, to be worked on while the next is written. */
  #send(command: string, args: readonly Argument[]): Promise<unknown> {
    const { stream } = this.client;
    if (args.length < LONG) {
      stream.cork();
      process.nextTick(() => stream.uncork());
    }
    return this.client.callBuffer(command, ...args);
  }

  #watch(reply: Promise<unknown>, patience: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = { sentAt: performance.now(), patience, giveUp: reject };
      this.#unanswered.add(call);
      this.#lookAfter(call.sentAt + patience);
      reply.then(
        (value) => {
          this.#unanswered.delete(call);
          resolve(value);
        },
        (err: unknown) => {
          this.#unanswered.delete(call);
          // It may keep its connections, while its address leads to the new primary.
          if (isFollower(err)) this.#reconnect();
          reject(translateError(err, this.address));
        },
      );
    });
  }

  /** One timer serves all calls, and goes on while there are any: setting one for each costs more than the rest. */
  #lookAfter(at: number): void {
    if (this.#watchdog && this.#watchdog.at <= at) return;
    this.#watchdog?.timer.cancel();
    // Replies that came while the event loop was blocked are read first: they are no silence of the server's.
    const look = (): void => void setImmediate(() => this.#lookAfterAll());
    this.#watchdog = { at, timer: this.#clock.after(at - performance.now(), look, { keepAlive: false }) };
  }

  /** Calls whose time is over are given up; when the oldest has waited for too long, the link is cut. */
  #lookAfterAll(): void {
    this.#watchdog = null;
    const now = performance.now();
    for (const { sentAt, patience, giveUp } of this.#unanswered.values()) {
      const silence = now - sentAt;
      if (silence >= REPLY_TIMEOUT) this.#reconnect();
      if (silence >= patience)
        giveUp(new ReplyLostError(`Redis at ${this.address} did not answer within ${Math.round(patience)} ms.`));
      const next = silence < patience ? patience : REPLY_TIMEOUT;
      if (silence < next) this.#lookAfter(sentAt + next);
    }
  }

  /** From now on the link is pinged, so that a dead one is noticed while nothing is sent. @returns ends that */
  keepAlive(): () => void {
    this.#users++;
    this.#ping();
    return () => {
      this.#users--;
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pings?.cancel();
    this.#watchdog?.timer.cancel();
    if (this.owned) this.client.disconnect();
    else for (const [event, listener] of this.#listeners()) this.client.off(event, listener);
    this.#addToMaxListeners(-1);
    this.#wakeUp();
  }

  /** Many stores may use one client that was passed to them: that is no leak, and no reason for Node to warn of one. */
  #addToMaxListeners(count: number): void {
    const most = this.client.getMaxListeners();
    // 0 means any number.
    if (most > 0) this.client.setMaxListeners(Math.max(1, most + count));
  }

  #listeners() {
    return [
      ['error', this.#onError],
      ['connect', this.#onConnect],
      ['ready', this.#wakeUp],
      ['end', this.#wakeUp],
    ] as const;
  }

  readonly #onError = (err: unknown): void => {
    this.#lastError = isEndOfGreeting(err) ? greetingEnded(this.#lastError) : err;
    if (!isRefusal(err)) return;
    const translated = translateError(err, this.address);
    if (translated instanceof BackendError) this.#refusal = translated;
    this.#wakeUp();
  };

  readonly #onConnect = (): void => {
    this.#refusal = null;
    this.#lastError = null;
    this.#watchGreeting();
  };

  /** Before it is ready no call watches the link: one that falls silent in its greeting is cut here. */
  #watchGreeting(): void {
    const { stream } = this.client;
    const heard = stream.bytesRead;
    const check = (): void => {
      if (this.client.stream !== stream || this.client.status !== 'connect') return;
      if (stream.bytesRead > heard) this.#watchGreeting();
      else this.#reconnect();
    };
    this.#clock.after(REPLY_TIMEOUT, check, { keepAlive: false });
  }

  readonly #wakeUp = (): void => {
    for (const wake of [...this.#waiting]) wake();
  };

  /**
   * A driver that is ready may still put a command aside when its socket has just ended, so the socket counts too. A
   * refused database number leaves the driver ready, on database 0: that must not be written to.
   */
  #usable(): boolean {
    return (
      !this.#closed && this.#refusal === null && this.client.status === 'ready' && this.client.stream?.writable === true
    );
  }

  async #becomeUsable(deadline: number): Promise<void> {
    const end = performance.now() + deadline;
    while (!this.#usable()) {
      if (this.#closed) throw new StoppedError(`The connection to Redis at ${this.address}`);
      if (this.client.status === 'wait') this.client.connect().catch(() => {});
      if (this.client.status === 'end') throw unreachable(this.address, new Error('the client was closed'));
      if (this.#refusal) throw this.#takeRefusal(this.#refusal);
      const left = end - performance.now();
      if (left <= 0) throw unreachable(this.address, this.#lastError ?? this.#notReadyYet());
      await this.#change(left);
    }
  }

  /** The next call tries again: the password or the permission may have been set right. */
  #takeRefusal(refusal: BackendError): BackendError {
    if (this.client.status === 'ready') {
      this.#refusal = null;
      this.#reconnect();
    }
    return refusal;
  }

  /** A server that loads its data, or is frozen, accepts connections; the driver asks it again and again. */
  #notReadyYet(): Error | null {
    return this.client.status === 'connect'
      ? new Error('it does not answer yet, as while it is loading its data')
      : null;
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.after(ms, done);
      this.#waiting.add(done);
    });
  }

  #ping(): void {
    if (this.#pings !== null || this.#closed) return;
    this.#pings = this.#clock.after(
      PING_INTERVAL,
      () => {
        this.#pings = null;
        if (this.#users === 0) return;
        // A failed ping has done its work: the link was cut, and opens again.
        if (this.#usable() && this.#unanswered.size === 0) this.call('ping', [], 0).catch(() => {});
        this.#ping();
      },
      { keepAlive: false },
    );
  }

  /** Once per connection, however many calls it left without a reply. */
  #reconnect(): void {
    const { stream } = this.client;
    if (!this.owned || this.#closed || stream === this.#cut) return;
    this.#cut = stream;
    this.client.disconnect(true);
  }
}
