import { type QueueSize, systemClock, type Timer } from '@flowrra/core';
import { screen } from './screen.js';

const ASK_EVERY = 500;
/** Milliseconds without an answer after which the store does not come back any more. */
const GIVE_UP_AFTER = 30_000;

/**
 * Asks the store now and then how full the queue is. Waiting for results outlives an outage of the store; somebody who
 * watches wants to know of it, and that it ends.
 */
export class StoreWatch {
  readonly #ask: () => Promise<QueueSize>;
  readonly #onLost: () => void;
  #timer: Timer | undefined;
  #stopped = false;
  #answeredAt = systemClock.now();
  /** Undefined before the first answer, and while the store is away. */
  #size: QueueSize | undefined;
  #isAway = false;
  #isLost = false;

  /** @param onLost called when the store has been away for too long */
  constructor(ask: () => Promise<QueueSize>, onLost: () => void) {
    this.#ask = ask;
    this.#onLost = onLost;
    void this.#look();
  }

  get size(): QueueSize | undefined {
    return this.#size;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    try {
      this.#size = await this.#ask();
      this.#answeredAt = systemClock.now();
      if (this.#isAway) screen.print('The store answers again.');
      this.#isAway = false;
    } catch (err) {
      this.#size = undefined;
      this.#noteFailure(err);
    }
    if (!this.#stopped) this.#timer = systemClock.after(ASK_EVERY, () => void this.#look(), { keepAlive: false });
  }

  #noteFailure(err: unknown): void {
    if (this.#stopped || this.#isLost) return;
    if (!this.#isAway) screen.print(`Waiting for the store: ${err instanceof Error ? err.message : String(err)}`);
    this.#isAway = true;
    this.#isLost = systemClock.now() - this.#answeredAt >= GIVE_UP_AFTER;
    if (this.#isLost) this.#onLost();
  }
}
