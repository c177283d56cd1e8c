import type { Clock, Timer } from '../clock.js';

/** Between two stored reports of one run, in milliseconds; what comes faster is merged. */
const INTERVAL = 250;

/** Passes on what a handler reports, the first report at once, then at most every 250 ms the latest. */
export class ProgressReporter {
  #latest: string | null = null;
  #stored: string | null = null;
  #pause: Timer | null = null;

  constructor(
    readonly clock: Clock,
    /** Stores one report. Never rejects. */
    readonly store: (json: string) => Promise<void>,
  ) {}

  /** The last report as JSON; null when there was none. */
  get latest(): string | null {
    return this.#latest;
  }

  report(json: string): void {
    this.#latest = json;
    if (this.#pause === null) this.#storeLatest();
  }

  /** Stores nothing more; the final result carries the last report. */
  end(): void {
    this.#pause?.cancel();
    this.#pause = null;
    this.#stored = this.#latest;
  }

  #storeLatest(): void {
    if (this.#latest === null || this.#latest === this.#stored) return;
    this.#stored = this.#latest;
    void this.store(this.#latest);
    this.#pause = this.clock.after(
      INTERVAL,
      () => {
        this.#pause = null;
        this.#storeLatest();
      },
      { keepAlive: false },
    );
  }
}
