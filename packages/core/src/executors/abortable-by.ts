/**
 * A signal that ends with `end()`, or when a long-lived one aborts. AbortSignal.any would do, but keeps what it made
 * alive as long as its sources.
 */
export function abortableBy(parent: AbortSignal): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort(parent.reason);
  if (parent.aborted) abort();
  else parent.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    end() {
      parent.removeEventListener('abort', abort);
      controller.abort();
    },
  };
}
