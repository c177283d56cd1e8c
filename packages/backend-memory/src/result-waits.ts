import {
  type Clock,
  type FinishedTaskResult,
  onAbort,
  ShortLivedMap,
  StoppedError,
  type Timer,
  WaitAbortedError,
  WaitTimeoutError,
} from '@flowrra/core';

interface Wait {
  readonly taskId: string;
  readonly resolve: (result: FinishedTaskResult) => void;
  readonly reject: (reason: Error) => void;
  timer: Timer | undefined;
  stopListening: (() => void) | undefined;
}

const NONE: readonly Wait[] = [];
/** How long the timer runs that keeps the process alive while somebody waits, in milliseconds; it is renewed. */
const KEEP_ALIVE = 3_600_000;

/** The waits of this process for results that are not there yet. */
export class ResultWaits {
  readonly #waits = new ShortLivedMap<string, Wait[]>();
  #keepAlive: Timer | undefined;
  #closed = false;

  /** How many waits are under way. */
  get size(): number {
    let size = 0;
    for (const waits of this.#waits.values()) size += waits.length;
    return size;
  }

  /** A promise for whoever takes the wait; it gives up by time (null: never) and by the signal. */
  add(
    taskId: string,
    timeout: number | null,
    signal: AbortSignal | undefined,
    clock: Clock,
  ): Promise<FinishedTaskResult> {
    if (this.#closed) return Promise.reject(new StoppedError('The result backend'));
    return new Promise((resolve, reject) => {
      const wait: Wait = { taskId, resolve, reject, timer: undefined, stopListening: undefined };
      if (timeout !== null) {
        wait.timer = clock.after(timeout, () => this.#giveUp(wait, new WaitTimeoutError(taskId, timeout)));
      }
      if (signal) {
        const reason = (): Error => new WaitAbortedError(`Waiting for task ${taskId}`, signal.reason);
        wait.stopListening = onAbort(signal, () => this.#giveUp(wait, reason()));
      }
      const others = this.#waits.get(taskId);
      if (others) others.push(wait);
      else this.#waits.set(taskId, [wait]);
      this.#keepAlive ??= this.#stayAlive(clock);
    });
  }

  /** Takes the waits for one task out; the caller settles each of them. */
  take(taskId: string): readonly Wait[] {
    const waits = this.#waits.get(taskId);
    if (!waits) return NONE;
    this.#waits.delete(taskId);
    for (const wait of waits) release(wait);
    this.#letGo();
    return waits;
  }

  close(): void {
    this.#closed = true;
    for (const taskId of this.#waits.keys()) {
      for (const wait of this.take(taskId)) wait.reject(new StoppedError('The result backend'));
    }
  }

  #giveUp(wait: Wait, reason: Error): void {
    const left = this.#waits.get(wait.taskId)?.filter((other) => other !== wait) ?? [];
    if (left.length > 0) this.#waits.set(wait.taskId, left);
    else this.#waits.delete(wait.taskId);
    release(wait);
    this.#letGo();
    wait.reject(reason);
  }

  /** One timer for all: a wait without a timeout would not keep the process alive by itself. */
  #stayAlive(clock: Clock): Timer {
    return clock.after(KEEP_ALIVE, () => {
      this.#keepAlive = this.#stayAlive(clock);
    });
  }

  #letGo(): void {
    if (this.#waits.size > 0) return;
    this.#keepAlive?.cancel();
    this.#keepAlive = undefined;
  }
}

/** Takes back what a wait has put elsewhere. */
function release(wait: Wait): void {
  wait.timer?.cancel();
  wait.stopListening?.();
}
