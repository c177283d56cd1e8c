/**
 * A call that a thread works on. Every end other than an answer comes through `stop`, whose reason tells the failure.
 * It is the abort signal for piscina as well: a real AbortSignal per call costs a fifth of a short task.
 */
export class RunningCall {
  aborted = false;
  reason: unknown;
  #listener: (() => void) | undefined;
  #progress: string | null = null;

  constructor(
    readonly number: number,
    readonly onProgress: (json: string) => void,
  ) {}

  /** Ends the call, and the thread with it. The first reason stands. */
  stop(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#listener?.();
  }

  /** Passes progress on, unless it is what was passed on last. */
  report(json: string): void {
    if (json === this.#progress) return;
    this.#progress = json;
    this.onProgress(json);
  }

  addEventListener(_name: 'abort', listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = undefined;
  }
}
