import type { Clock, Timer } from '../clock.js';
import { type Duration, parseDuration } from '../duration.js';
import { ArgumentError } from '../errors.js';

/** A clock that stands still until it is told to move. For tests. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { at: number; run: () => void }[] = [];

  /** @throws ArgumentError when `start` is no instant */
  constructor(start: number | Date = Date.UTC(2026, 0, 1)) {
    this.#now = Number(start);
    if (!Number.isFinite(this.#now))
      throw new ArgumentError('start', 'start must be a valid Date, or milliseconds since the epoch.');
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, ms), run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /**
   * Moves time on, firing what becomes due in order. Between two timers the event loop runs, so that what the first one
   * caused can happen before the second one fires.
   * @throws ArgumentError when `by` is no duration: time does not go back
   */
  async advance(by: Duration): Promise<void> {
    const end = this.#now + parseDuration(by, 'by');
    await settle();
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    this.#now = end;
  }

  #nextUntil(end: number) {
    return this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets promises and immediates that are due run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
