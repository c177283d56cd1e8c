import { onAbort, ShortLivedSet, StoppedError, WaitAbortedError } from '@flowrra/core';

interface WorkWait {
  readonly queues: readonly string[];
  end(): void;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** Those who wait for work to come into a queue. */
export class WorkWaits {
  readonly #waits = new ShortLivedSet<WorkWait>();
  #closed = false;

  get size(): number {
    return this.#waits.size;
  }

  add(queues: readonly string[], signal: AbortSignal): Promise<void> {
    if (this.#closed) return Promise.reject(new StoppedError('The broker'));
    return new Promise((resolve, reject) => {
      const stopListening = onAbort(signal, () => {
        wait.end();
        reject(abortedWait(signal));
      });
      const end = (): void => {
        this.#waits.delete(wait);
        stopListening();
      };
      const wait: WorkWait = { queues, resolve, reject, end };
      this.#waits.add(wait);
    });
  }

  wake(queue: string): void {
    for (const wait of this.#waits.values()) {
      if (!wait.queues.includes(queue)) continue;
      wait.end();
      wait.resolve();
    }
  }

  close(): void {
    this.#closed = true;
    for (const wait of this.#waits.values()) {
      wait.end();
      wait.reject(new StoppedError('The broker'));
    }
  }
}

export function abortedWait(signal: AbortSignal): WaitAbortedError {
  return new WaitAbortedError('Waiting for work', signal.reason);
}
