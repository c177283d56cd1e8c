import type { Clock, Timer } from '../clock.js';

/** A permission to claim. `alone`: nothing else runs in the process, nor will until the claim is over. */
export interface ClaimPermit {
  readonly alone: boolean;
}

/**
 * Lets the lanes of one process claim side by side, and sees to it that a message on its last chance runs alone: it
 * may kill its process, and neighbours must survive. A lane that was told of such a message asks for the process: then
 * no lane claims until nothing runs, for at most `patience` ms, and that lane claims by itself.
 */
export class AloneGate {
  #running = 0;
  #claiming = 0;
  /** Nobody else may come in: a claim that is alone is under way, or what it brought runs. */
  #exclusive = false;
  #request: { readonly lane: object; readonly timer: Timer } | null = null;
  /** After a request that came to nothing, the lanes work for a while before the next. A timer, as clocks may be set back. */
  #pause: Timer | null = null;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(
    readonly clock: Clock,
    readonly patience: number,
  ) {}

  /** Waits for permission to claim; a permit is given back by `leave`. @returns null once the gate is closed */
  async enter(lane: object): Promise<ClaimPermit | null> {
    while (!this.#closed && this.#mustWait(lane)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.tryEnter(lane);
  }

  /** The same without waiting. @returns null while others are to stay out, too */
  tryEnter(lane: object): ClaimPermit | null {
    if (this.#closed || this.#mustWait(lane)) return null;
    const alone = this.#request?.lane === lane;
    if (alone) this.#exclusive = true;
    this.#claiming++;
    return { alone };
  }

  /** Ends a claim that took `tasks`; with `stayAlone` the others stay out until these are done. */
  leave(permit: ClaimPermit, tasks: number, stayAlone: boolean): void {
    this.#claiming--;
    this.#running += tasks;
    if (permit.alone) {
      this.#exclusive = stayAlone;
      this.#endRequest();
    }
    this.#wake();
  }

  /** A claimed task is over. */
  done(): void {
    this.#running--;
    if (this.#running === 0) this.#exclusive = false;
    this.#wake();
  }

  /**
   * A message waits for an empty process, and this lane may have it.
   * @returns false when the process is not to be had now: another lane has asked, or a long task stood in the way lately
   */
  requestAlone(lane: object): boolean {
    if (this.#request !== null || this.#pause !== null) return false;
    const giveUp = (): void => {
      this.#pause = this.clock.after(this.patience, () => (this.#pause = null), { keepAlive: false });
      this.#endRequest();
      this.#wake();
    };
    this.#request = { lane, timer: this.clock.after(this.patience, giveUp, { keepAlive: false }) };
    return true;
  }

  /** Nobody gets in any more. */
  close(): void {
    this.#closed = true;
    this.#pause?.cancel();
    this.#endRequest();
    this.#wake();
  }

  #mustWait(lane: object): boolean {
    if (this.#exclusive) return true;
    return this.#request !== null && (this.#request.lane !== lane || this.#running + this.#claiming > 0);
  }

  #endRequest(): void {
    this.#request?.timer.cancel();
    this.#request = null;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
