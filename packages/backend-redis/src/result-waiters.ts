import {
  type Clock,
  type FinishedTaskResult,
  isFinished,
  onAbort,
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
import { originOf } from './redis-records.js';
import type { Subscription } from './redis-subscriber.js';
import { WaitChannels } from './wait-channels.js';

/** Milliseconds between two looks at what is waited for: any notice can be missed. */
const POLL_INTERVAL = 1_000;

interface Waiter {
  readonly resolve: (result: FinishedTaskResult) => void;
  readonly reject: (err: Error) => void;
}

/** One task that is waited for, by any number of waiters. */
interface Watch {
  readonly taskId: string;
  readonly waiters: Set<Waiter>;
  seen: boolean;
  /** The task's own channel; null while its end is heard on the channel of this process. */
  channel: Subscription | null;
  /** Settles when its record was read for the first time: even a wait without time sees what is there. */
  firstLook: Promise<void> | null;
}

/** All waits of one process, on one connection: subscribe, read, and look again each second. */
export class ResultWaiters {
  readonly #reader: RecordReader;
  readonly #clock: () => Clock;
  readonly #channels: WaitChannels;
  readonly #watches = new Map<string, Watch>();
  #poll: Timer | null = null;
  #closed = false;

  constructor(place: RedisPlace, reader: RecordReader, clock: () => Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.#channels = new WaitChannels(place, reader, clock, {
      finished: (notices) => this.#onNotices(notices),
      gone: (taskId) => this.#onGone(taskId),
      missed: () => this.#lookAtAll(),
    });
  }

  /** A name under which this process submits. */
  noteOrigin(origin: string): void {
    this.#channels.noteOrigin(origin);
  }

  async wait(taskId: string, options: WaitOptions): Promise<FinishedTaskResult> {
    const { signal } = options;
    const timeout = resolveWaitTimeout(options.timeout);
    if (this.#closed) throw new StoppedError('The result backend');
    if (signal?.aborted) throw new WaitAbortedError(`Waiting for task ${taskId}`, signal.reason);
    let timer: Timer | undefined;
    let stopListening: (() => void) | undefined;
    let waiter: Waiter | undefined;
    try {
      return await new Promise<FinishedTaskResult>((resolve, reject) => {
        waiter = { resolve, reject };
        const aborted = (): Error => new WaitAbortedError(`Waiting for task ${taskId}`, signal?.reason);
        stopListening = signal && onAbort(signal, () => reject(aborted()));
        const { firstLook } = this.#add(taskId, waiter);
        const giveUp = (): void => reject(new WaitTimeoutError(taskId, timeout ?? 0));
        if (timeout !== null) timer = this.#clock().after(timeout, () => void firstLook?.then(giveUp));
      });
    } finally {
      timer?.cancel();
      stopListening?.();
      if (waiter) this.#remove(taskId, waiter);
    }
  }

  close(): void {
    this.#closed = true;
    for (const watch of [...this.#watches.values()]) this.#fail(watch, new StoppedError('The result backend'));
    this.#rest();
  }

  #add(taskId: string, waiter: Waiter): Watch {
    const known = this.#watches.get(taskId);
    if (known) {
      known.waiters.add(waiter);
      return known;
    }
    const watch: Watch = { taskId, waiters: new Set([waiter]), seen: false, channel: null, firstLook: null };
    this.#watches.set(taskId, watch);
    this.#channels.open();
    this.#poll ??= this.#armPoll();
    watch.firstLook = this.#begin(watch);
    return watch;
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
    this.#channels.close();
    this.#poll?.cancel();
    this.#poll = null;
  }

  /**
   * Subscribe first, then read: what ends in between is announced. A wait goes on through an outage, but does not begin
   * in one.
   */
  async #begin(watch: Watch): Promise<void> {
    if (!this.#channels.areHeard) await Promise.all([this.#channels.ready(), this.#look(watch, 'first')]);
    if ((await this.#look(watch, 'first')) && !this.#isOver(watch)) void this.#hearTask(watch);
  }

  /** For a task that is not one of ours, or not there yet: its end is announced on its own channel. */
  async #hearTask(watch: Watch): Promise<void> {
    watch.channel = this.#channels.hearTask(watch.taskId, () => void this.#look(watch));
    await Promise.allSettled([watch.channel.active]);
    try {
      await this.#channels.askForNotices();
    } catch (err) {
      return this.#fail(watch, err as Error);
    }
    await this.#look(watch);
  }

  /** Reads the record once. @returns whether its end would go unheard */
  async #look(watch: Watch, which?: 'first'): Promise<boolean> {
    if (this.#isOver(watch)) return false;
    let bytes: Buffer | null;
    try {
      bytes = await this.#reader.look(watch.taskId);
    } catch (err) {
      // The server may come back before the wait ends; what it refuses for good concerns the waiters.
      if (err instanceof StoreUnavailableError && which !== 'first') return true;
      this.#fail(watch, err as Error);
      return false;
    }
    if (bytes === null) {
      if (watch.seen) this.#fail(watch, new ResultNotFoundError(watch.taskId));
      return true;
    }
    watch.seen = true;
    const origin = originOf(bytes);
    if (origin !== null) return !this.#channels.isOwn(origin);
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

  #armPoll(): Timer {
    return this.#clock().after(POLL_INTERVAL, () => {
      this.#lookAtAll();
      const hearsOthers = [...this.#watches.values()].some(({ channel }) => channel !== null);
      if (hearsOthers) this.#channels.askForNotices().catch(() => {});
      this.#poll = this.#armPoll();
    });
  }

  #isOver(watch: Watch): boolean {
    return this.#watches.get(watch.taskId) !== watch;
  }

  #fail(watch: Watch, err: Error): void {
    for (const { reject } of watch.waiters) reject(err);
    this.#drop(watch);
  }
}

/** A stored result that is not final is cut down to its first line. */
function isOpenResult(bytes: Buffer): boolean {
  return bytes.toString('utf8', 0, 2) === 'r|' && bytes.indexOf('\n') === bytes.length - 1;
}
