import {
  type BackendWaitOptions,
  type Clock,
  type FinishedTaskResult,
  isFinished,
  onAbort,
  ResultNotFoundError,
  resolveWait,
  ShortLivedMap,
  StoppedError,
  StoreUnavailableError,
  type Timer,
  WaitAbortedError,
  WaitTimeoutError,
} from '@flowrra/core';
import { OwnEnds } from './own-ends.js';
import type { RecordReader } from './record-reader.js';
import { recordToResult } from './record-to-result.js';
import type { RedisPlace } from './redis-place.js';
import { isOpenResult, type Notice, originOf, parseNotices } from './redis-records.js';
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
  /** Whether its record was read, or is known to be there: a wait goes on through an outage, but does not begin in one. */
  begun: boolean;
}

/** All waits of one process, on one connection: subscribe, read, and look again each second. */
export class ResultWaiters {
  readonly #reader: RecordReader;
  readonly #clock: () => Clock;
  readonly #channels: WaitChannels;
  readonly #ownEnds: OwnEnds;
  readonly #watches = new ShortLivedMap<string, Watch>();
  #poll: Timer | null = null;
  #closed = false;

  constructor(place: RedisPlace, reader: RecordReader, clock: () => Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.#ownEnds = new OwnEnds(clock);
    this.#channels = new WaitChannels(place, reader, clock, {
      finished: (notices) => {
        for (const notice of parseNotices(notices)) this.#onNotice(notice);
      },
      gone: (taskId) => this.#onGone(taskId),
      deaf: () => this.#ownEnds.forgetAll(),
      missed: () => this.#lookAtAll(),
    });
  }

  /** This process is about to submit a task under its name. */
  submitting(taskId: string, origin: string): void {
    this.#channels.noteOrigin(origin);
    if (this.#channels.hears(origin)) this.#ownEnds.expect(taskId);
  }

  /** It was, and is new. */
  submitted(taskId: string): void {
    this.#ownEnds.submitted(taskId);
  }

  /** It was not submitted here after all. */
  notSubmitted(taskId: string): void {
    this.#ownEnds.forget(taskId);
  }

  wait(taskId: string, options: BackendWaitOptions): Promise<FinishedTaskResult> {
    return new Promise((resolve, reject) => {
      const { timeout, signal, seen } = resolveWait(options);
      if (this.#closed) throw new StoppedError('The result backend');
      const aborted = (): Error => new WaitAbortedError(`Waiting for task ${taskId}`, signal?.reason);
      if (signal?.aborted) throw aborted();
      let timer: Timer | undefined;
      let stopListening: (() => void) | undefined;
      const end = (): void => {
        timer?.cancel();
        stopListening?.();
        this.#remove(taskId, waiter);
      };
      const waiter: Waiter = {
        resolve: (result) => {
          end();
          resolve(result);
        },
        reject: (err) => {
          end();
          reject(err);
        },
      };
      stopListening = signal && onAbort(signal, () => waiter.reject(aborted()));
      const watch = this.#add(taskId, waiter, seen);
      const ended = this.#ownEnds.takeEnd(taskId);
      if (ended) return this.#read(watch, ended);
      if (timeout === null && this.#ownEnds.isExpected(taskId)) {
        watch.begun = true;
        watch.seen = true;
        return;
      }
      const looked = this.#lookFor(watch);
      const giveUp = (): void => waiter.reject(new WaitTimeoutError(taskId, timeout ?? 0));
      if (timeout !== null) timer = this.#clock().after(timeout, () => void looked.then(giveUp));
    });
  }

  close(): void {
    this.#closed = true;
    for (const watch of this.#watches.values()) this.#fail(watch, new StoppedError('The result backend'));
    this.#rest();
    this.#channels.close();
  }

  #add(taskId: string, waiter: Waiter, seen: boolean): Watch {
    const known = this.#watches.get(taskId);
    if (known) {
      known.waiters.add(waiter);
      known.seen ||= seen;
      return known;
    }
    const watch = { taskId, waiters: new Set([waiter]), seen, channel: null, firstLook: null, begun: false };
    this.#watches.set(taskId, watch);
    this.#channels.open();
    this.#poll ??= this.#armPoll();
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

  /** Nobody waits any more: no timer runs, and soon nothing is heard. */
  #rest(): void {
    this.#channels.closeSoon();
    this.#poll?.cancel();
    this.#poll = null;
  }

  /** A look for whoever begins to wait: what is there now and goes again must end the wait. */
  #lookFor(watch: Watch): Promise<unknown> {
    if (watch.firstLook && !watch.seen) return this.#look(watch);
    watch.firstLook ??= this.#begin(watch);
    return watch.firstLook;
  }

  /** Subscribe first, then read: what ends in between is announced. */
  async #begin(watch: Watch): Promise<void> {
    if (!this.#channels.areHeard) await Promise.all([this.#channels.ready(), this.#look(watch)]);
    if ((await this.#look(watch)) && !this.#isOver(watch)) void this.#hearTask(watch);
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
  async #look(watch: Watch): Promise<boolean> {
    if (this.#isOver(watch)) return false;
    let bytes: Buffer | null;
    try {
      bytes = await this.#reader.look(watch.taskId);
    } catch (err) {
      // The server may come back before the wait ends; what it refuses for good concerns the waiters.
      if (err instanceof StoreUnavailableError && watch.begun) return true;
      this.#fail(watch, err as Error);
      return false;
    }
    watch.begun = true;
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

  #onNotice({ taskId, record }: Notice): void {
    const watch = this.#watches.get(taskId);
    if (watch) {
      this.#ownEnds.forget(taskId);
      if (record) this.#read(watch, record);
      else void this.#look(watch);
    } else {
      this.#ownEnds.heard(taskId, record);
    }
  }

  #onGone(taskId: string): void {
    if (taskId === '') this.#ownEnds.forgetAll();
    else this.#ownEnds.forget(taskId);
    const watch = this.#watches.get(taskId);
    if (watch) void this.#look(watch);
    else if (taskId === '') this.#lookAtAll();
  }

  #lookAtAll(): void {
    for (const watch of this.#watches.values()) void this.#look(watch);
  }

  #armPoll(): Timer {
    return this.#clock().after(POLL_INTERVAL, () => {
      this.#lookAtAll();
      const hearsOthers = this.#watches.values().some(({ channel }) => channel !== null);
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
