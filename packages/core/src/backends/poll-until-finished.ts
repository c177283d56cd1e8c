import { type Clock, sleep, systemClock } from '../clock.js';
import { parseDuration } from '../duration.js';
import { ResultNotFoundError, WaitAbortedError, WaitTimeoutError } from '../errors.js';
import { onAbort } from '../on-abort.js';
import { type FinishedTaskResult, isFinished, type TaskResult } from '../tasks/task-result.js';
import { type BackendWaitOptions, DEFAULT_WAIT_TIMEOUT, type WaitOptions } from './base-result-backend.js';

/** Milliseconds between two looks at a store that sends no notices. */
const POLL_INTERVAL = 1_000;

/** The timeout of a wait in milliseconds; null waits without limit. */
export function resolveWaitTimeout(timeout: WaitOptions['timeout']): number | null {
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
  const { signal, pollInterval = POLL_INTERVAL, clock = systemClock } = options;
  const timeout = resolveWaitTimeout(options.timeout);
  // Ends the pause between two looks. The timeout is a timer's, since a clock may be set back.
  const over = new AbortController();
  const timer = timeout ? clock.after(timeout, () => over.abort()) : null;
  const stopListening = signal && onAbort(signal, () => over.abort());
  let { seen = false } = options;
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
