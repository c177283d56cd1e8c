import type { Clock, Timer } from '../clock.js';

/**
 * Lets the lanes of one process claim side by side, and sees to it that a message on its last chance runs alone: it
 * may kill its process, and neighbours must survive. While nothing runs, a lane claims exclusively and may be handed such
 * a message; when one is said to wait, all lanes pause until the process is empty, for at most `patience` ms.
 */
export class AloneGate {
  #running = 0;
  #claiming = 0;
  #exclusive = false;
  #drain: Timer | null = null;
  #drainAllowedAt = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(
    readonly clock: Clock,
    readonly patience: number,
  ) {}

  /**
   * Waits for permission to claim; a permit is given back by `leave`.
   * @returns whether the process is empty, or null once the gate is closed
   */
  async enter(): Promise<{ alone: boolean } | null> {
    while (!this.#closed && (this.#exclusive || (this.#drain !== null && this.#running + this.#claiming > 0))) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#closed) return null;
    const alone = this.#running + this.#claiming === 0;
    if (alone) this.#exclusive = true;
    this.#claiming++;
    return { alone };
  }

  /** Ends a claim that took `tasks`; `stayAlone` keeps the others out until they are done. */
  leave(claim: { alone: boolean }, tasks: number, stayAlone: boolean): void {
    this.#claiming--;
    this.#running += tasks;
    if (claim.alone) {
      this.#exclusive = stayAlone;
      this.#endDrain();
    }
    this.#wake();
  }

  /** A claimed task is over. */
  done(): void {
    this.#running--;
    if (this.#running === 0) this.#exclusive = false;
    this.#wake();
  }

  /** Nobody gets in any more. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Somebody was told that a message waits for an empty process. */
  requestAlone(): void {
    if (this.#drain !== null || this.clock.now() < this.#drainAllowedAt) return;
    this.#drain = this.clock.after(this.patience, () => this.#endDrain(), { keepAlive: false });
  }

  #endDrain(): void {
    if (this.#drain === null) return;
    this.#drain.cancel();
    this.#drain = null;
    this.#drainAllowedAt = this.clock.now() + this.patience;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
