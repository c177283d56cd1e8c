import { type Clock, type SchedulerHealth, StoreUnavailableError } from '@flowrra/core';

/** Failed rounds in a row after which a node does not count as firing. */
const TOLERATED_FAILURES = 3;

/** A round that takes this long, in milliseconds, hangs: it fires nothing, though it did not fail. */
const LONGEST_ROUND = 30_000;

/** Keeps account of a node's rounds. */
export class NodeHealth {
  readonly #clock: Clock;
  #running = false;
  #failures = 0;
  #lastRound: Date | null = null;
  #error: Error | null = null;
  #roundBegan: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rounds in a row that failed. */
  get failures(): number {
    return this.#failures;
  }

  begin(): void {
    this.#running = true;
  }

  end(): void {
    this.#running = false;
    this.#roundBegan = null;
  }

  beginRound(): void {
    this.#roundBegan = this.#clock.now();
  }

  /** @param trouble of the broker, which did not keep the round from working */
  worked(trouble: Error | null): void {
    this.#roundBegan = null;
    this.#failures = 0;
    this.#lastRound = new Date(this.#clock.now());
    this.#error = trouble;
  }

  failed(error: Error): void {
    this.#roundBegan = null;
    this.#failures++;
    this.#error = error;
  }

  report(): SchedulerHealth {
    const hanging = this.#hanging();
    return {
      firing: this.#running && this.#failures < TOLERATED_FAILURES && !hanging,
      lastRound: this.#lastRound && new Date(this.#lastRound),
      error: hanging ?? this.#error,
    };
  }

  #hanging(): Error | null {
    const took = this.#roundBegan === null ? 0 : this.#clock.now() - this.#roundBegan;
    if (took <= LONGEST_ROUND) return null;
    return new StoreUnavailableError(
      `A look at the schedules began ${took} ms ago and has not ended: the store, or the broker, does not answer.`,
    );
  }
}
