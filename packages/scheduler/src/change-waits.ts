import { onAbort } from '@flowrra/core';

/** Calls that wait until somebody changes something. */
export class ChangeWaits {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next change, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        this.#waiting.delete(end);
        stopListening();
        resolve();
      };
      this.#waiting.add(end);
      const stopListening = onAbort(signal, end);
    });
  }

  wake(): void {
    for (const end of [...this.#waiting]) end();
  }
}
