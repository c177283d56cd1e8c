import type { Timer } from '../clock.js';
import { attemptEvent } from '../events/task-events.js';
import type { ClaimedTask } from '../stores/task-store.js';
import type { WorkerSession } from './worker-session.js';

/** Between two stored reports of one run, in milliseconds; what comes faster is merged. */
const INTERVAL = 250;

/** Passes on what a handler reports: to who listens, and to the store, the first report at once, then at most every 250 ms. */
export class ProgressReporter {
  readonly #session: WorkerSession;
  readonly #task: ClaimedTask;
  #latest: string | null = null;
  #stored: string | null = null;
  #pause: Timer | null = null;

  constructor(session: WorkerSession, task: ClaimedTask) {
    this.#session = session;
    this.#task = task;
  }

  /** The last report as JSON; null when there was none. */
  get latest(): string | null {
    return this.#latest;
  }

  report(json: string): void {
    this.#session.options.events.emit('progress', () => ({ ...attemptEvent(this.#task), progress: JSON.parse(json) }));
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
    void this.#store(this.#latest);
    this.#pause = this.#session.options.clock.after(
      INTERVAL,
      () => {
        this.#pause = null;
        this.#storeLatest();
      },
      { keepAlive: false },
    );
  }

  async #store(json: string): Promise<void> {
    try {
      await this.#session.store.reportProgress(this.#task, json);
    } catch (err) {
      this.#session.options.logger.debug({ ...attemptEvent(this.#task), err }, 'progress could not be stored');
    }
  }
}
