/**
 * Ends a run, as an AbortController does. Its signal is made when somebody asks for it: most handlers never do, and it
 * costs more than all the rest of a short run.
 */
export class AbortSwitch {
  #aborted = false;
  #reason: unknown;
  #controller: AbortController | null = null;
  #listener: (() => void) | null = null;

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Why it was aborted. */
  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#listener?.();
  }

  /** Calls `listener` when it aborts; at once, if it has. Listeners run in their order, after those of the signal. */
  onAbort(listener: () => void): void {
    const before = this.#listener;
    if (this.#aborted) listener();
    else if (before === null) this.#listener = listener;
    else {
      this.#listener = () => {
        before();
        listener();
      };
    }
  }
}
