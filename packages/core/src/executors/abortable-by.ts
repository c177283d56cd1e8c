import { onAbort } from '../on-abort.js';

/**
 * A signal that ends with `end()`, or when a long-lived one aborts. AbortSignal.any would do, but keeps what it made
 * alive as long as its sources.
 */
export function abortableBy(parent: AbortSignal): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const stopListening = onAbort(parent, () => controller.abort(parent.reason));
  return {
    signal: controller.signal,
    end() {
      stopListening();
      controller.abort();
    },
  };
}
