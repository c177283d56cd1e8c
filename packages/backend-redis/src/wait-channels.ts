import { type Clock, StoreFullError, StoreUnavailableError, systemClock, type Timer } from '@flowrra/core';
import type { RecordReader } from './record-reader.js';
import type { RedisPlace } from './redis-place.js';
import { encodeField } from './redis-records.js';
import type { Subscription } from './redis-subscriber.js';

/** How long one request for notices about tasks of other processes holds, in milliseconds. */
const NOTICES_FOR = 5_000;
/** A request that is younger, in milliseconds, serves for another task as well. */
const FRESH = 1_000;
/** Milliseconds for which the common channels are kept that nobody needs: the next wait often comes at once. */
const LINGER = 1_000;

/** What waits hear. */
export interface WaitEars {
  /** Ends of tasks that this process submitted; see scripts/includes/notices.lua. */
  finished(notices: Buffer): void;
  /** The result of that task was removed; of an empty id: some results, nobody says which. */
  gone(taskId: string): void;
  /** From now on something may be missed. */
  deaf(): void;
  /** All is heard again; something may have been missed. */
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
  #endGaps: (() => void) | null = null;
  #closing: Timer | null = null;
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
    if (this.#isOpen) this.#hearOrigin(origin);
  }

  /** Whether the end of a task of that origin is heard on the channel of this process. */
  isOwn(origin: string): boolean {
    return this.#origins.has(origin);
  }

  get #isOpen(): boolean {
    return this.#common.length > 0;
  }

  open(): void {
    this.#closing?.cancel();
    this.#closing = null;
    if (this.#isOpen) return;
    const { keys, connection } = this.#place;
    this.#common.push(
      connection.subscriber.subscribe(keys.goneChannel, (message) => this.#ears.gone(message.toString())),
    );
    for (const origin of this.#origins) this.#hearOrigin(origin);
    this.#endGaps = connection.subscriber.onGap({
      begins: () => this.#ears.deaf(),
      ends: () => this.#ears.missed(),
    });
  }

  /** Whether the common channels are heard, as far as this process knows. */
  get areHeard(): boolean {
    return this.#heard;
  }

  /** Whether the end of whatever is submitted from now on, under that name, will be heard, unless there is a gap. */
  hears(origin: string): boolean {
    const { subscriber } = this.#place.connection;
    return this.#isOpen && this.#origins.has(origin) && subscriber.hears(this.#channelOf(origin));
  }

  /** Resolves when the common channels are heard, or cannot be now: the subscriber goes on trying. */
  async ready(): Promise<void> {
    const waitedFor = this.#common.length;
    await Promise.allSettled(this.#common.map(({ active }) => active));
    this.#heard = waitedFor > 0 && waitedFor === this.#common.length;
  }

  /** Nobody waits any more. */
  closeSoon(): void {
    this.#closing ??= systemClock.after(LINGER, () => this.close(), { keepAlive: false });
  }

  close(): void {
    this.#closing?.cancel();
    this.#closing = null;
    for (const subscription of this.#common.splice(0)) subscription.end();
    this.#heard = false;
    this.#ears.deaf();
    this.#endGaps?.();
    this.#endGaps = null;
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
      // Without notices the poll finds it; a server that is out of memory takes no request, but is read.
      if (!(err instanceof StoreUnavailableError || err instanceof StoreFullError)) throw err;
    }
  }

  #hearOrigin(origin: string): void {
    const { subscriber } = this.#place.connection;
    this.#heard = false;
    this.#common.push(subscriber.subscribe(this.#channelOf(origin), (message) => this.#ears.finished(message)));
  }

  #channelOf(origin: string): string {
    return this.#place.keys.originChannels + encodeField(origin);
  }
}
