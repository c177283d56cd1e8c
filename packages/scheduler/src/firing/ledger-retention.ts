import type { BaseSchedulerBackend, Clock, Logger, Timer } from '@flowrra/core';

/** Milliseconds until the ledger is shortened for the first time, and from then on; up to half as much again is added. */
const FIRST_AFTER = 300_000;
const THEN_EVERY = 3_600_000;

/** How much of the ledger is kept. */
export interface Retention {
  /** Milliseconds since the claim. */
  readonly age: number;
  /** Firings per schedule. */
  readonly count: number;
}

export interface RetentionParts {
  readonly backend: () => Promise<BaseSchedulerBackend>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retention: Retention;
}

/** Shortens the ledger from time to time. Nothing depends on it, so its failures are only logged. */
export class LedgerRetention {
  readonly #parts: RetentionParts;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#arm(FIRST_AFTER);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(after: number): void {
    // Spread, so that nodes that started together do not prune together.
    const delay = Math.round(after * (1 + Math.random() / 2));
    this.#timer = this.#parts.clock.after(delay, () => void this.#prune(), { keepAlive: false });
  }

  async #prune(): Promise<void> {
    const { logger, retention } = this.#parts;
    try {
      const backend = await this.#parts.backend();
      const removed = await backend.pruneFirings({ olderThan: retention.age, keep: retention.count });
      if (removed > 0) logger.debug({ removed }, 'the ledger was shortened');
    } catch (err) {
      if (!this.#stopped) logger.warn({ err }, 'the ledger could not be shortened; trying again later');
    }
    if (!this.#stopped) this.#arm(THEN_EVERY);
  }
}
