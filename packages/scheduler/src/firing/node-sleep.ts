import { type BaseSchedulerBackend, type Clock, onAbort, sleep } from '@flowrra/core';

/** A node looks at least this often, in milliseconds: the clocks of node and store may drift. */
const LONGEST_SLEEP = 60_000;
/** Slots this close together are served together. */
const TIGHTEST = 25;
/** Between two rounds when the second one was to no avail, doubled each time up to the longest. */
const FRUITLESS_PAUSE = { shortest: 25, longest: 1_000 };
/** Should listening for changes fail, this is how often a node looks. */
const WITHOUT_NOTICES = 5_000;

/** Sleeps between the rounds of a node, until something is due or somebody changed a schedule; never in a hot loop. */
export class NodeSleep {
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;
  #listening = false;
  #changed = false;
  #wake: (() => void) | null = null;
  #lastProgress = Number.NEGATIVE_INFINITY;
  #fruitless = 0;

  constructor(clock: Clock, stopping: AbortSignal) {
    this.#clock = clock;
    this.#stopping = stopping;
  }

  /** To be called before a round looks: a change that comes after it ends the next sleep. */
  beginRound(backend: BaseSchedulerBackend): void {
    this.#changed = false;
    if (this.#listening) return;
    this.#listening = true;
    const signal = this.#stopping;
    backend
      .waitForChange({ signal })
      .catch(() => sleep(this.#clock, WITHOUT_NOTICES, { signal }))
      .catch(() => {})
      .then(() => {
        this.#listening = false;
        this.#changed = true;
        this.#wake?.();
      });
  }

  /** A round did something: look again at once. */
  noteProgress(): void {
    this.#fruitless = 0;
    this.#lastProgress = this.#clock.now();
  }

  /**
   * Sleeps after a round that had nothing to do, or could not do it.
   * @param wakeIn milliseconds until there is something to do; 0 when it is due already, but cannot be done
   */
  async untilDue(wakeIn: number): Promise<void> {
    const pause = this.#fruitlessPause();
    this.#fruitless++;
    if (wakeIn <= 0) return this.#pause(Math.max(pause, FRUITLESS_PAUSE.shortest));
    const end = Math.max(Math.min(wakeIn, LONGEST_SLEEP), TIGHTEST - this.#since(this.#lastProgress));
    const began = this.#clock.now();
    await this.#untilChange(end);
    const slept = this.#since(began);
    if (slept >= FRUITLESS_PAUSE.longest) this.#fruitless = 0;
    // Woken by changes over and over: let some of them come together, but let no slot wait for it.
    if (this.#changed && slept < pause) await this.#pause(Math.min(pause, end) - slept);
  }

  /** Sleeps after a round that failed. */
  afterFailure(ms: number): Promise<void> {
    return this.#pause(ms);
  }

  /** Milliseconds; 0 when the clock was set back. */
  #since(instant: number): number {
    return Math.max(0, this.#clock.now() - instant);
  }

  #fruitlessPause(): number {
    if (this.#fruitless === 0) return 0;
    return Math.min(FRUITLESS_PAUSE.longest, FRUITLESS_PAUSE.shortest * 2 ** (this.#fruitless - 1));
  }

  async #pause(ms: number): Promise<void> {
    await sleep(this.#clock, ms, { signal: this.#stopping }).catch(() => {});
  }

  async #untilChange(ms: number): Promise<void> {
    if (this.#changed || this.#stopping.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        stopListening();
        this.#wake = null;
        resolve();
      };
      const timer = this.#clock.after(ms, wake);
      const stopListening = onAbort(this.#stopping, wake);
      this.#wake = wake;
    });
  }
}
