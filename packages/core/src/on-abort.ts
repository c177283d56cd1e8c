import { ShortLivedSet } from './short-lived.js';

/** What waits for a signal. One listener on the signal serves all: Node warns about more than ten. */
const waiting = new WeakMap<AbortSignal, ShortLivedSet<() => void>>();

/**
 * Calls `run` when the signal aborts; at once, if it has. Any number of waits may share a signal.
 * @returns takes it back
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return () => {};
  }
  const calls = waiting.get(signal) ?? listenTo(signal);
  // A function of its own, so that the same `run` given twice is called twice.
  const call = (): void => run();
  calls.add(call);
  return () => void calls.delete(call);
}

function listenTo(signal: AbortSignal): ShortLivedSet<() => void> {
  const calls = new ShortLivedSet<() => void>();
  waiting.set(signal, calls);
  signal.addEventListener(
    'abort',
    () => {
      // One call may take back others.
      for (const call of calls.values()) if (calls.has(call)) call();
      calls.clear();
    },
    { once: true },
  );
  return calls;
}
