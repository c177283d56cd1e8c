import { systemClock, type Timer } from '@flowrra/core';
import { ChangeWaits } from '../change-waits.js';
import type { SqlSession } from './sql-session.js';

/** Milliseconds after which a dialect that hears nothing lets look: a change is noticed within 5 s. */
const LOOK_EVERY = 4_500;

/** Wakes those who wait for a change: this backend's own at once, those of others as the dialect hears of them. */
export class ChangeWatch {
  readonly #session: SqlSession;
  readonly #waits = new ChangeWaits();
  #watching: Promise<(() => void) | null> | null = null;
  #timer: Timer | null = null;
  #ended = false;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  async wait(signal: AbortSignal): Promise<void> {
    if (this.#ended) return;
    // Waiting begins before listening does: a listener that has begun says so as a change.
    const waiting = this.#waits.wait(signal);
    this.#listen();
    await waiting;
  }

  wake(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#waits.wake();
  }

  /** Ends every wait, and those to come. */
  async end(): Promise<void> {
    this.#ended = true;
    this.wake();
    const stop = await this.#watching?.catch(() => null);
    stop?.();
  }

  #listen(): void {
    this.#watching ??= this.#session.watchChanges(() => this.wake());
    this.#watching.then(
      (stop) => {
        if (stop === null) this.#lookLater();
      },
      () => {
        // The store is away: who waits looks again later, and listening is tried again by then.
        this.#watching = null;
        this.#lookLater();
      },
    );
  }

  #lookLater(): void {
    if (this.#ended) return;
    this.#timer ??= systemClock.after(LOOK_EVERY, () => this.wake(), { keepAlive: false });
  }
}
