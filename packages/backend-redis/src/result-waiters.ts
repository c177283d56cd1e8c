import {
  type Clock,
  type FinishedTaskResult,
  isFinished,
  ResultNotFoundError,
  resolveWaitTimeout,
  StoppedError,
  StoreUnavailableError,
  type Timer,
  WaitAbortedError,
  type WaitOptions,
  WaitTimeoutError,
} from '@flowrra/core';
import type { RecordReader } from './record-reader.js';
import { recordToResult } from './record-to-result.js';
import type { RedisPlace } from './redis-place.js';
import { encodeField, originOf } from './redis-records.js';
import type { Subscription } from './redis-subscriber.js';

/** Milliseconds between two looks at what is waited for: any notice can be missed. */
const POLL_INTERVAL = 1_000;
/** How long one request for notices about tasks of other processes holds, in milliseconds. */
const NOTICES_FOR = 5_000;

interface Waiter {
  readonly resolve: (result: FinishedTaskResult) => void;
  readonly reject: (err: Error) => void;
}

/** One task that is waited for, by any number of waiters. */
interface Watch {
  readonly taskId: string;
  readonly waiters: Set<Waiter>;
  seen: boolean;
  /** The task's own channel; null while notices come otherwise, on the channel of this process. */
  channel: Subscription | null;
}

/**
 * All waits of one process, on one connection: subscribe, read, and look again each second. Tasks that this process
 * submitted are announced on its own channel, together with their results; others each on their own.
 */
export class ResultWaiters {
  readonly #place: RedisPlace;
  readonly #reader: RecordReader;
  readonly #clock: () => Clock;
  readonly #watches = new Map<string, Watch>();
  readonly #origins = new Set<string>();
  /** What is heard while anybody waits. */
  #common: Subscription[] = [];
  #endReconnect: (() => void) | null = null;
  #poll: Timer | null = null;
  #asked: { readonly at: number; readonly answer: Promise<void> } | null = null;
  #closed = false;

  constructor(place: RedisPlace, reader: RecordReader, clock: () => Clock) {
    this.#place = place;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** A name under which this process submits. */
  noteOrigin(origin: string): void {
    if (this.#origins.has(origin)) return;
    this.#origins.add(origin);
    if (this.#common.length > 0) this.#hearOrigin(origin);
  }

  async wait(taskId: string, options: WaitOptions): Promise<FinishedTaskResult> {
    const { signal } = options;
    const timeout = resolveWaitTimeout(options.timeout);
    if (this.#closed) throw new StoppedError('The result backend');
    if (signal?.aborted) throw new WaitAbortedError(`Waiting for task ${taskId}`, signal.reason);
    let timer: Timer | undefined;
    let abort: (() => void) | undefined;
    let waiter: Waiter | undefined;
    try {
      return await new Promise<FinishedTaskResult>((resolve, reject) => {
        waiter = { resolve, reject };
        abort = () => reject(new WaitAbortedError(`Waiting for task ${taskId}`, signal?.reason));
        signal?.addEventListener('abort', abort, { once: true });
        if (timeout !== null) timer = this.#clock().after(timeout, () => reject(new WaitTimeoutError(taskId, timeout)));
        this.#add(taskId, waiter);
      });
    } finally {
      timer?.cancel();
      if (abort) signal?.removeEventListener('abort', abort);
      if (waiter) this.#remove(taskId, waiter);
    }
  }

  close(): void {
    this.#closed = true;
    for (const watch of [...this.#watches.values()]) this.#fail(watch, new StoppedError('The result backend'));
    this.#rest();
  }

  #add(taskId: string, waiter: Waiter): void {
    const known = this.#watches.get(taskId);
    if (known) {
      known.waiters.add(waiter);
      return;
    }
    const watch: Watch = { taskId, waiters: new Set([waiter]), seen: false, channel: null };
    this.#watches.set(taskId, watch);
    this.#hearCommon();
    void this.#begin(watch);
  }

  #remove(taskId: string, waiter: Waiter): void {
    const watch = this.#watches.get(taskId);
    watch?.waiters.delete(waiter);
    if (!watch || watch.waiters.size > 0) return;
    this.#drop(watch);
  }

  #drop(watch: Watch): void {
    watch.channel?.end();
    // A new watch of the same task may have taken the place meanwhile.
    if (this.#watches.get(watch.taskId) === watch) this.#watches.delete(watch.taskId);
    if (this.#watches.size === 0) this.#rest();
  }

  /** Nobody waits any more: nothing is heard, no timer runs. */
  #rest(): void {
    for (const subscription of this.#common.splice(0)) subscription.end();
    this.#endReconnect?.();
    this.#endReconnect = null;
    this.#poll?.cancel();
    this.#poll = null;
    this.#asked = null;
  }

  #hearCommon(): void {
    if (this.#common.length > 0) return;
    const { keys, connection } = this.#place;
    this.#common.push(connection.subscriber.subscribe(keys.goneChannel, (message) => this.#onGone(message.toString())));
    for (const origin of this.#origins) this.#hearOrigin(origin);
    this.#endReconnect = connection.subscriber.onReconnect(() => this.#lookAtAll());
    this.#armPoll();
  }

  #hearOrigin(origin: string): void {
    const { keys, connection } = this.#place;
    this.#common.push(
      connection.subscriber.subscribe(keys.originChannels + encodeField(origin), (message) => this.#onNotices(message)),
    );
  }

  /** Subscribe first, then read: what ends in between is announced. */
  async #begin(watch: Watch): Promise<void> {
    await settled(this.#common);
    if (!(await this.#look(watch)) || this.#isOver(watch)) return;
    // Not one of ours, or not there yet: its end is announced on its own channel, once we ask for that.
    watch.channel = this.#place.connection.subscriber.subscribe(
      this.#place.keys.taskChannels + watch.taskId,
      () => void this.#look(watch),
    );
    await settled([watch.channel]);
    try {
      await this.#askForNotices();
    } catch (err) {
      return this.#fail(watch, err as Error);
    }
    await this.#look(watch);
  }

  /** Reads the record once. @returns whether its end would go unheard */
  async #look(watch: Watch): Promise<boolean> {
    if (this.#isOver(watch)) return false;
    let bytes: Buffer | null;
    try {
      bytes = await this.#reader.look(watch.taskId);
    } catch (err) {
      // The server may come back before the wait ends; what it refuses for good concerns the waiters.
      if (err instanceof StoreUnavailableError) return true;
      this.#fail(watch, err as Error);
      return false;
    }
    if (bytes === null) {
      if (watch.seen) this.#fail(watch, new ResultNotFoundError(watch.taskId));
      return true;
    }
    watch.seen = true;
    const origin = originOf(bytes);
    if (origin !== null) return !this.#origins.has(origin);
    this.#read(watch, bytes);
    return true;
  }

  /** Each waiter gets a result of its own, to do with as it likes. */
  #read(watch: Watch, bytes: Buffer): void {
    if (isOpenResult(bytes)) return;
    try {
      for (const { resolve } of watch.waiters) {
        const result = recordToResult(watch.taskId, bytes, null);
        if (!isFinished(result)) return;
        resolve(result);
      }
      this.#drop(watch);
    } catch (err) {
      this.#fail(watch, err as Error);
    }
  }

  /** See scripts/includes/notices.lua. */
  #onNotices(message: Buffer): void {
    for (let at = 0; at < message.length; ) {
      const lineEnd = message.indexOf('\n', at);
      if (lineEnd < 0) return;
      const [taskId = '', bytes] = message.toString('utf8', at, lineEnd).split('|');
      at = lineEnd + 1 + Number(bytes);
      const watch = this.#watches.get(taskId);
      if (!watch) continue;
      if (at > lineEnd + 1) this.#read(watch, message.subarray(lineEnd + 1, at));
      else void this.#look(watch);
    }
  }

  #onGone(taskId: string): void {
    const watch = this.#watches.get(taskId);
    if (watch) void this.#look(watch);
    else if (taskId === '') this.#lookAtAll();
  }

  #lookAtAll(): void {
    for (const watch of [...this.#watches.values()]) void this.#look(watch);
  }

  #armPoll(): void {
    this.#poll = this.#clock().after(POLL_INTERVAL, () => {
      this.#lookAtAll();
      if ([...this.#watches.values()].some(({ channel }) => channel !== null)) this.#askForNotices().catch(() => {});
      this.#armPoll();
    });
  }

  /** One question serves all who ask within a while; the poll asks anew in time. */
  async #askForNotices(): Promise<void> {
    const now = this.#clock().now();
    if (!this.#asked || Math.abs(now - this.#asked.at) >= POLL_INTERVAL) {
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

  #isOver(watch: Watch): boolean {
    return this.#watches.get(watch.taskId) !== watch;
  }

  #fail(watch: Watch, err: Error): void {
    for (const { reject } of watch.waiters) reject(err);
    this.#drop(watch);
  }
}

/** Channels that cannot be heard now are tried again by the subscriber; until then the poll finds what ends. */
async function settled(subscriptions: readonly Subscription[]): Promise<void> {
  await Promise.allSettled(subscriptions.map(({ active }) => active));
}

/** A stored result that is not final is cut down to its first line. */
function isOpenResult(bytes: Buffer): boolean {
  return bytes.toString('utf8', 0, 2) === 'r|' && bytes.indexOf('\n') === bytes.length - 1;
}
