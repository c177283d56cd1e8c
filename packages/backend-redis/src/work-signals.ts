import { onAbort, StoppedError, WaitAbortedError } from '@flowrra/core';
import type { RedisPlace } from './redis-place.js';
import type { Subscription } from './redis-subscriber.js';

/** Tells idle workers of this process that a queue may have work. A hint: who waits also looks by itself. */
export class WorkSignals {
  readonly #place: RedisPlace;
  #subscription: Subscription | null = null;
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Queues announced since their last claim began: the news may come before the worker starts to listen. */
  readonly #announced = new Set<string>();
  #closed = false;

  constructor(place: RedisPlace) {
    this.#place = place;
  }

  /** A claim sees all that was announced before it. */
  claimBegins(queue: string): void {
    this.#announced.delete(queue);
    this.#listen();
  }

  /** @throws WaitAbortedError, StoppedError, or what keeps the channel from being heard */
  async wait(queues: readonly string[], signal: AbortSignal): Promise<void> {
    if (this.#closed) throw new StoppedError('The broker');
    if (signal.aborted) throw new WaitAbortedError('Waiting for work', signal.reason);
    const news = queues.filter((queue) => this.#announced.delete(queue));
    if (news.length > 0) return;
    const subscription = this.#listen();
    await new Promise<void>((resolve, reject) => {
      const settle = (end: () => void): void => {
        for (const queue of queues) this.#waiting.get(queue)?.delete(wake);
        stopListening();
        end();
      };
      const wake = (): void => settle(this.#closed ? () => reject(new StoppedError('The broker')) : resolve);
      for (const queue of queues) this.#wakersOf(queue).add(wake);
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
    const wakers = [...this.#wakersOf(queue)];
    if (wakers.length === 0) this.#announced.add(queue);
    for (const wake of wakers) wake();
  }

  #wakersOf(queue: string): Set<() => void> {
    const wakers = this.#waiting.get(queue) ?? new Set();
    this.#waiting.set(queue, wakers);
    return wakers;
  }
}
