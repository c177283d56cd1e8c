import { type Clock, sleep, systemClock } from '../clock.js';
import { parseDuration } from '../duration.js';
import { ResultNotFoundError, WaitAbortedError, WaitTimeoutError } from '../errors.js';
import { onAbort } from '../on-abort.js';
import { checkPlainObject, checkSignal } from '../options.js';
import { type FinishedTaskResult, isFinished, type TaskResult } from '../tasks/task-result.js';
import { type BackendWaitOptions, DEFAULT_WAIT_TIMEOUT, type WaitOptions } from './base-result-backend.js';

/** Milliseconds between two looks at a store that sends no notices. */
const POLL_INTERVAL = 1_000;
const WANTED = 'an object with some of: timeout, signal';

/** What a wait goes by. */
export interface ResolvedWait {
  /** Milliseconds; null waits without limit. */
  readonly timeout: number | null;
  readonly signal: AbortSignal | undefined;
  /** Whether the id was stored before. */
  readonly seen: boolean;
}

/** The options of a wait, checked and with their defaults. @throws ConfigError, ArgumentError */
export function resolveWait(options: BackendWaitOptions): ResolvedWait {
  const { timeout, signal, seen = false } = checkPlainObject(options, 'wait options', WANTED) as BackendWaitOptions;
  return { timeout: timeoutOf(timeout), signal: checkSignal(signal), seen };
}

function timeoutOf(timeout: WaitOptions['timeout']): number | null {
  if (timeout === null) return null;
  return timeout === undefined ? DEFAULT_WAIT_TIMEOUT : parseDuration(timeout, 'timeout');
}

/**
 * `waitFor` for stores that can only be read: looks every `pollInterval` (milliseconds, default 1 s).
 * @throws WaitTimeoutError, ResultNotFoundError, WaitAbortedError as `BaseResultBackend.waitFor`
 */
export async function pollUntilFinished(
  backend: { get(taskId: string): Promise<TaskResult | null> },
  taskId: string,
  options: BackendWaitOptions & { pollInterval?: number; clock?: Clock } = {},
): Promise<FinishedTaskResult> {
  const { pollInterval = POLL_INTERVAL, clock = systemClock } = options;
  const { timeout, signal, ...wait } = resolveWait(options);
  // Ends the pause between two looks. The timeout is a timer's, since a clock may be set back.
  const over = new AbortController();
  const timer = timeout ? clock.after(timeout, () => over.abort()) : null;
  const stopListening = signal && onAbort(signal, () => over.abort());
  let { seen } = wait;
  try {
    while (true) {
      const last = over.signal.aborted || timeout === 0;
      if (signal?.aborted) throw new WaitAbortedError(`Waiting for task ${taskId}`, signal.reason);
      const result = await backend.get(taskId);
      if (result && isFinished(result)) return result;
      if (!result && seen) throw new ResultNotFoundError(taskId);
      seen ||= result !== null;
      if (last) throw new WaitTimeoutError(taskId, timeout ?? 0);
      await sleep(clock, pollInterval, { signal: over.signal }).catch(() => {});
    }
  } finally {
    timer?.cancel();
    stopListening?.();
  }
}
