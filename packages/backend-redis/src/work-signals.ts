import {
  type Lane,
  onAbort,
  StoppedError,
  systemClock,
  WaitAbortedError,
  type WaitForWorkOptions,
} from '@flowrra/core';
import { laneName } from './redis-keys.js';
import type { RedisPlace } from './redis-place.js';
import type { Subscription } from './redis-subscriber.js';

/** The server counts a worker as idle for 5 s after its last claim: who waits for longer than this, in milliseconds, asks again. */
const LONGEST_WAIT = 4_000;

/** Tells idle workers of this process that a queue may have work. A hint: who waits also looks by itself. */
export class WorkSignals {
  readonly #place: RedisPlace;
  #subscription: Subscription | null = null;
  readonly #waiting = new Map<string, Set<() => void>>();
  /** How often work was announced, by queue. */
  readonly #announced = new Map<string, number>();
  /** How often it had been when the last claim began, by lane of a queue: what came later is news to the lane. */
  readonly #seen = new Map<string, number>();
  #closed = false;

  constructor(place: RedisPlace) {
    this.#place = place;
  }

  /** A claim sees all that was announced before it. */
  claimBegins(queue: string, lane: Lane): void {
    this.#see(queue, lane);
    this.#see(queue, undefined);
    this.#listen();
  }

  /** @throws WaitAbortedError, StoppedError, or what keeps the channel from being heard */
  async wait(queues: readonly string[], { signal, lane }: WaitForWorkOptions): Promise<void> {
    if (this.#closed) throw new StoppedError('The broker');
    if (signal.aborted) throw new WaitAbortedError('Waiting for work', signal.reason);
    // It may have come before the worker starts to listen.
    const news = queues.filter((queue) => this.#see(queue, lane));
    if (news.length > 0) return;
    const subscription = this.#listen();
    await new Promise<void>((resolve, reject) => {
      const settle = (end: () => void): void => {
        for (const queue of queues) this.#waiting.get(queue)?.delete(wake);
        stopListening();
        timer.cancel();
        end();
      };
      const wake = (): void => settle(this.#closed ? () => reject(new StoppedError('The broker')) : resolve);
      for (const queue of queues) this.#wakersOf(queue).add(wake);
      const timer = systemClock.after(LONGEST_WAIT, wake, { keepAlive: false });
      const stopListening = onAbort(signal, () =>
        settle(() => reject(new WaitAbortedError('Waiting for work', signal.reason))),
      );
      subscription.active.catch((err: unknown) => settle(() => reject(err)));
    });
  }

  close(): void {
    this.#closed = true;
    this.#subscription?.end();
    for (const wakers of this.#waiting.values()) for (const wake of [...wakers]) wake();
  }

  #listen(): Subscription {
    this.#subscription ??= this.#place.connection.subscriber.subscribe(this.#place.keys.wakeChannel, (message) =>
      this.#announce(message.toString()),
    );
    const subscription = this.#subscription;
    // The channel is tried again by the next who waits.
    subscription.active.catch(() => {
      if (this.#subscription !== subscription) return;
      subscription.end();
      this.#subscription = null;
    });
    return subscription;
  }

  #announce(queue: string): void {
    this.#announced.set(queue, this.#announcements(queue) + 1);
    for (const wake of [...this.#wakersOf(queue)]) wake();
  }

  #announcements(queue: string): number {
    return this.#announced.get(queue) ?? 0;
  }

  /** @returns whether there was news to the lane, or to whoever serves the queue */
  #see(queue: string, lane: Lane | undefined): boolean {
    const name = laneName(queue, lane ?? '');
    const seen = this.#seen.get(name) ?? 0;
    this.#seen.set(name, this.#announcements(queue));
    return seen < this.#announcements(queue);
  }

  #wakersOf(queue: string): Set<() => void> {
    const wakers = this.#waiting.get(queue) ?? new Set();
    this.#waiting.set(queue, wakers);
    return wakers;
  }
}
