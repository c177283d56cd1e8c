import type { Clock, Timer } from '@flowrra/core';
import { Fifo } from './fifo.js';

/** Things that expire in the order in which they were added. Time is looked at in passing, and by a timer when idle. */
export class ExpiryQueue<T> {
  #queue = new Fifo<{ readonly item: T; readonly expiresAt: number }>();
  #timer: Timer | undefined;

  constructor(readonly onExpired: (item: T) => void) {}

  /** `ttl` in milliseconds, the same for all. */
  add(item: T, ttl: number, clock: Clock): void {
    this.#queue.push({ item, expiresAt: clock.now() + ttl });
    this.#timer ??= this.#sweepAfter(ttl, clock);
  }

  dropExpired(clock: Clock): void {
    let oldest = this.#queue.peek();
    if (!oldest) return;
    const now = clock.now();
    for (; oldest && oldest.expiresAt <= now; oldest = this.#queue.peek()) {
      this.#queue.shift();
      this.onExpired(oldest.item);
    }
  }

  clear(): void {
    this.#queue = new Fifo();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sweepAfter(ms: number, clock: Clock): Timer {
    const sweep = (): void => {
      this.dropExpired(clock);
      const oldest = this.#queue.peek();
      this.#timer = oldest && this.#sweepAfter(oldest.expiresAt - clock.now(), clock);
    };
    return clock.after(ms, sweep, { keepAlive: false });
  }
}
