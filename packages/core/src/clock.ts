import { WaitAbortedError } from './errors.js';
import { onAbort } from './on-abort.js';

/** A running timer; `cancel` may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/** The only source of time in Flowrra. Tests pass a manual one; stores that keep their own clock use that instead. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once, after `ms`. `keepAlive` (default true): whether the timer keeps the process running. */
  after(ms: number, run: () => void, options?: { keepAlive?: boolean }): Timer;
}

/** setTimeout takes 32 bits: a longer delay would fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The machine's clock. Timers of any length are safe. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run, { keepAlive = true } = {}) {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const step = Math.min(left, LONGEST_TIMEOUT);
      handle = setTimeout(() => (left > step ? arm(left - step) : run()), step);
      if (!keepAlive) handle.unref();
    };
    arm(Math.max(0, ms));
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Resolves after `ms` of the clock's time.
 * @throws WaitAbortedError as soon as the signal aborts.
 */
export function sleep(
  clock: Clock,
  ms: number,
  options: { signal?: AbortSignal | undefined; keepAlive?: boolean } = {},
): Promise<void> {
  const { signal, keepAlive = true } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new WaitAbortedError('Sleeping', signal.reason));
    const timer = clock.after(
      ms,
      () => {
        stopListening?.();
        resolve();
      },
      { keepAlive },
    );
    const stopListening =
      signal &&
      onAbort(signal, () => {
        timer.cancel();
        reject(new WaitAbortedError('Sleeping', signal.reason));
      });
  });
}
