import { type Clock, StoreUnavailableError } from '@flowrra/core';
import type { RecordReader } from './record-reader.js';
import type { RedisPlace } from './redis-place.js';
import { encodeField } from './redis-records.js';
import type { Subscription } from './redis-subscriber.js';

/** How long one request for notices about tasks of other processes holds, in milliseconds. */
const NOTICES_FOR = 5_000;
/** A request that is younger, in milliseconds, serves for another task as well. */
const FRESH = 1_000;

/** What waits hear. */
export interface WaitEars {
  /** Ends of tasks that this process submitted; see scripts/includes/notices.lua. */
  finished(notices: Buffer): void;
  /** A result was removed; empty: any. */
  gone(taskId: string): void;
  /** Something may have been missed. */
  missed(): void;
}

/**
 * The channels that waits of this process listen to. Tasks that it submitted itself are announced on a channel of its
 * own, together with their results; others each on their own, and only while somebody asks for that.
 */
export class WaitChannels {
  readonly #place: RedisPlace;
  readonly #reader: RecordReader;
  readonly #clock: () => Clock;
  readonly #ears: WaitEars;
  readonly #origins = new Set<string>();
  /** Heard while anybody waits. */
  #common: Subscription[] = [];
  #heard = false;
  #endReconnect: (() => void) | null = null;
  #asked: { readonly at: number; readonly answer: Promise<void> } | null = null;

  constructor(place: RedisPlace, reader: RecordReader, clock: () => Clock, ears: WaitEars) {
    this.#place = place;
    this.#reader = reader;
    this.#clock = clock;
    this.#ears = ears;
  }

  /** A name under which this process submits. */
  noteOrigin(origin: string): void {
    if (this.#origins.has(origin)) return;
    this.#origins.add(origin);
    if (this.#common.length > 0) this.#hearOrigin(origin);
  }

  /** Whether the end of a task of that origin is heard on the channel of this process. */
  isOwn(origin: string): boolean {
    return this.#origins.has(origin);
  }

  get isOpen(): boolean {
    return this.#common.length > 0;
  }

  open(): void {
    if (this.isOpen) return;
    const { keys, connection } = this.#place;
    this.#common.push(
      connection.subscriber.subscribe(keys.goneChannel, (message) => this.#ears.gone(message.toString())),
    );
    for (const origin of this.#origins) this.#hearOrigin(origin);
    this.#endReconnect = connection.subscriber.onReconnect(() => this.#ears.missed());
  }

  /** Whether the common channels are heard, as far as this process knows. */
  get areHeard(): boolean {
    return this.#heard;
  }

  /** Resolves when the common channels are heard, or cannot be now: the subscriber goes on trying. */
  async ready(): Promise<void> {
    const waitedFor = this.#common.length;
    await Promise.allSettled(this.#common.map(({ active }) => active));
    this.#heard = waitedFor === this.#common.length;
  }

  close(): void {
    for (const subscription of this.#common.splice(0)) subscription.end();
    this.#heard = false;
    this.#endReconnect?.();
    this.#endReconnect = null;
    this.#asked = null;
  }

  hearTask(taskId: string, listener: () => void): Subscription {
    return this.#place.connection.subscriber.subscribe(this.#place.keys.taskChannels + taskId, listener);
  }

  /** Asks that ends of all tasks be announced. @throws BackendError when the server refuses for good */
  async askForNotices(): Promise<void> {
    const now = this.#clock().now();
    if (!this.#asked || Math.abs(now - this.#asked.at) >= FRESH) {
      this.#asked = { at: now, answer: this.#reader.askForNotices(NOTICES_FOR) };
    }
    try {
      await this.#asked.answer;
    } catch (err) {
      this.#asked = null;
      // Without notices the poll finds it.
      if (!(err instanceof StoreUnavailableError)) throw err;
    }
  }

  #hearOrigin(origin: string): void {
    const { keys, connection } = this.#place;
    const channel = keys.originChannels + encodeField(origin);
    this.#heard = false;
    this.#common.push(connection.subscriber.subscribe(channel, (message) => this.#ears.finished(message)));
  }
}
