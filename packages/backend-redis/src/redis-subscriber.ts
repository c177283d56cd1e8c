import { systemClock, type Timer } from '@flowrra/core';
import type { Redis } from 'ioredis';
import type { RedisLink } from './redis-link.js';

export type Listener = (message: Buffer) => void;

export interface Subscription {
  /** Resolves when messages arrive; rejects when the server cannot be reached now. It is tried again all the same. */
  readonly active: Promise<void>;
  end(): void;
}

/** What is to be known about the time in which a connection is lost. */
export interface GapListener {
  begins(): void;
  /** All channels are heard again. */
  ends(): void;
}

/** Milliseconds for which a channel is kept that nobody listens to: the next waiter often comes at once. */
const LINGER = 1_000;

/** The one connection of a process that hears channels, for all who wait there. Opened by the first subscription. */
export class RedisSubscriber {
  readonly #open: () => RedisLink;
  #link: RedisLink | null = null;
  readonly #wanted = new Map<string, Set<Listener>>();
  #actual = new Set<string>();
  readonly #gapListeners = new Set<GapListener>();
  #syncing: Promise<void> | null = null;
  #cleanup: Timer | null = null;
  #endKeepAlive: (() => void) | null = null;

  /** `open` makes the link on a client that does not subscribe again by itself. */
  constructor(
    open: () => RedisLink,
    readonly deadline: number,
  ) {
    this.#open = open;
  }

  get healthy(): boolean {
    return this.#link === null || this.#wanted.size === 0 || this.#link.healthy;
  }

  subscribe(channel: string, listener: Listener): Subscription {
    const listeners = this.#wanted.get(channel) ?? new Set();
    this.#wanted.set(channel, listeners);
    // Two subscriptions may pass the same function; each ends by itself.
    const own: Listener = (message) => listener(message);
    listeners.add(own);
    const active = this.#actual.has(channel) ? Promise.resolve() : this.#sync();
    active.catch(() => {});
    return {
      active,
      end: () => {
        listeners.delete(own);
        this.#cleanUpSoon();
      },
    };
  }

  /** Whether messages of the channel arrive now, as far as this process knows. */
  hears(channel: string): boolean {
    return this.#actual.has(channel);
  }

  /** Tells the listener of each gap in which messages are missed. @returns ends that */
  onGap(listener: GapListener): () => void {
    this.#gapListeners.add(listener);
    return () => void this.#gapListeners.delete(listener);
  }

  close(): void {
    this.#cleanup?.cancel();
    this.#endKeepAlive?.();
    this.#wanted.clear();
    this.#link?.close();
  }

  #connect(): RedisLink {
    if (this.#link) return this.#link;
    const link = this.#open();
    const client: Redis = link.client;
    client.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      for (const listener of [...(this.#wanted.get(channel.toString()) ?? [])]) listener(message);
    });
    client.on('close', () => {
      this.#actual = new Set();
      for (const { begins } of [...this.#gapListeners]) begins();
    });
    client.on('ready', () => {
      if (this.#wanted.size > 0 && this.#actual.size === 0) this.#restore();
    });
    this.#link = link;
    return link;
  }

  #restore(): void {
    this.#sync().then(
      () => {
        for (const { ends } of [...this.#gapListeners]) ends();
      },
      () => {}, // Lost again: the next `ready` comes.
    );
  }

  /** Makes what the server sends equal to what is wanted. Calls of one tick become one command. */
  #sync(): Promise<void> {
    this.#syncing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#syncing = null;
      return this.#subscribeMissing();
    });
    return this.#syncing;
  }

  async #subscribeMissing(): Promise<void> {
    const link = this.#connect();
    this.#endKeepAlive ??= link.keepAlive();
    const missing = [...this.#wanted].filter(([channel]) => !this.#actual.has(channel));
    if (missing.length === 0) return;
    const channels = missing.map(([channel]) => channel);
    await link.call('subscribe', channels, this.deadline);
    // What was given up meanwhile is not heard, even if somebody wants it again: that is another subscription.
    for (const [channel, listeners] of missing) if (this.#wanted.get(channel) === listeners) this.#actual.add(channel);
  }

  #cleanUpSoon(): void {
    this.#cleanup ??= systemClock.after(
      LINGER,
      () => {
        this.#cleanup = null;
        this.#cleanUp();
      },
      { keepAlive: false },
    );
  }

  #cleanUp(): void {
    const unused = [...this.#wanted].filter(([, listeners]) => listeners.size === 0).map(([channel]) => channel);
    for (const channel of unused) {
      this.#wanted.delete(channel);
      this.#actual.delete(channel);
    }
    if (this.#wanted.size === 0) {
      this.#endKeepAlive?.();
      this.#endKeepAlive = null;
    }
    // Without a connection there is nothing to take back.
    if (unused.length > 0) this.#link?.call('unsubscribe', unused, 0).catch(() => {});
  }
}
