import type { SchedulerHealth } from '@flowrra/core';

/** Failed rounds in a row after which a node does not count as firing. */
const TOLERATED_FAILURES = 3;

/** Keeps account of a node's rounds. */
export class NodeHealth {
  #running = false;
  #failures = 0;
  #lastRound: Date | null = null;
  #error: Error | null = null;

  /** Rounds in a row that failed. */
  get failures(): number {
    return this.#failures;
  }

  begin(): void {
    this.#running = true;
  }

  end(): void {
    this.#running = false;
  }

  /** @param trouble of the broker, which did not keep the round from working */
  worked(at: Date, trouble: Error | null): void {
    this.#failures = 0;
    this.#lastRound = at;
    this.#error = trouble;
  }

  failed(error: Error): void {
    this.#failures++;
    this.#error = error;
  }

  report(): SchedulerHealth {
    return {
      firing: this.#running && this.#failures < TOLERATED_FAILURES,
      lastRound: this.#lastRound && new Date(this.#lastRound),
      error: this.#error,
    };
  }
}
