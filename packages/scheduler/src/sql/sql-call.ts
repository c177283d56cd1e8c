import { FlowrraError, onAbort, StoreUnavailableError, sleep, systemClock } from '@flowrra/core';
import type { SqlDialect } from './sql-dialect.js';

/** Milliseconds that one call may take, waiting for the connection and for locks of others included. */
const CALL_DEADLINE = 10_000;
/** And for each row that it writes: ten thousand schedules on a busy server take a while. */
const DEADLINE_PER_ROW = 5;
/** How often a transaction that lost against another one is tried again. */
const MOST_CONFLICTS = 5;

/** One call of a user: its deadline, and how often which trouble was met. */
export class SqlCall {
  readonly #dialect: SqlDialect;
  /** Milliseconds. */
  readonly #deadline: number;
  /** By `performance.now()`: the time of day may be set meanwhile. */
  readonly #end: number;
  readonly #ended: AbortSignal;
  #conflicts = 0;
  #lost = 0;
  #busy = 0;
  #lockedBy: unknown;
  #unrepeatable: unknown;

  /**
   * @param rows how many it writes
   * @param ended aborts, with the error that it is then refused with, when nobody waits for the store any longer
   */
  constructor(dialect: SqlDialect, rows: number, ended: AbortSignal) {
    this.#dialect = dialect;
    this.#ended = ended;
    this.#deadline = CALL_DEADLINE + rows * DEADLINE_PER_ROW;
    this.#end = performance.now() + this.#deadline;
  }

  /** Does it within the deadline, again when that helps. @throws FlowrraError */
  async run<T>(attempt: () => Promise<T>): Promise<T> {
    let end: () => void = () => {};
    const tooLate = new Promise<never>((_resolve, reject) => {
      const timer = systemClock.after(this.#deadline, () => reject(this.#deadlineError()));
      const stopListening = onAbort(this.#ended, () => reject(this.#ended.reason));
      end = () => {
        timer.cancel();
        stopListening();
      };
    });
    try {
      return await Promise.race([this.#repeat(attempt), tooLate]);
    } finally {
      end();
    }
  }

  /** What was given up is not done later. @throws StoreUnavailableError after the deadline, StoppedError after the end */
  checkTime(): void {
    this.#ended.throwIfAborted();
    if (performance.now() >= this.#end) throw this.#deadlineError();
  }

  /** The connection was lost while the transaction was committed: it may be done. */
  notRepeatable(err: unknown): unknown {
    this.#unrepeatable = err;
    return err;
  }

  async #repeat<T>(attempt: () => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await attempt();
      } catch (err) {
        if (err instanceof FlowrraError) throw err;
        const pause = err === this.#unrepeatable ? null : this.#pauseAfter(err);
        if (pause === null) throw this.#dialect.translateError(err);
        await sleep(systemClock, pause);
        this.checkTime();
      }
    }
  }

  /** Milliseconds until it may be tried again, with jitter; null when it may not. */
  #pauseAfter(err: unknown): number | null {
    switch (this.#dialect.kindOfError(err)) {
      case 'conflict':
        return ++this.#conflicts <= MOST_CONFLICTS ? jitter(10 * 2 ** this.#conflicts) : null;
      case 'busy':
        this.#lockedBy = err;
        return jitter(Math.min(50, 5 * 2 ** this.#busy++));
      case 'connection-lost':
        return ++this.#lost <= 1 ? jitter(20) : null;
      default:
        return null;
    }
  }

  #deadlineError(): StoreUnavailableError {
    const busy = this.#lockedBy instanceof Error ? ` It says: ${this.#lockedBy.message.replace(/\.$/, '')}.` : '';
    const why = busy ? 'was locked by somebody else or had no connection free all the time' : 'did not answer';
    return new StoreUnavailableError(
      `${this.#dialect.label} ${why} for ${Math.round(this.#deadline / 1_000)} s. Is it overloaded, or does a transaction stay open?${busy}`,
      { cause: this.#lockedBy },
    );
  }
}

function jitter(ms: number): number {
  return ms * (0.5 + Math.random());
}
