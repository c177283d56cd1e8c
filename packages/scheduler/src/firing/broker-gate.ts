import { BackendError, checkName, type Flowrra, QueueFullError } from '@flowrra/core';

/** A name that no task has: asking for it only asks whether the broker answers. */
const NOBODYS_TASK = 'flowrra/scheduler/probe';

/** Errors of a broker that takes nothing in for now, whatever the task is. Told by code: core may be there twice. */
const REFUSALS = new Set(['STORE_UNAVAILABLE', 'STORE_FULL', 'INDETERMINATE_SUBMIT', 'BACKEND_ERROR', 'STOPPED']);

/**
 * Whether the broker takes tasks in. While it does not, nothing is claimed: the slots stay in their schedules, where the
 * catch-up policy judges them once. A full queue holds up its own schedules only.
 */
export class BrokerGate {
  readonly #app: Flowrra;
  readonly #fullQueues = new Map<string, QueueFullError>();
  #refusal: Error | null = null;
  #ajar = false;

  constructor(app: Flowrra) {
    this.#app = app;
  }

  /** Why the broker takes nothing in; null when it does. */
  get refusal(): Error | null {
    return this.#refusal;
  }

  /** It refused, and answers again: the next slot that is due may be tried, alone. */
  get isAjar(): boolean {
    return this.#ajar;
  }

  /** It refuses, as far as anybody knows. */
  get isClosed(): boolean {
    return this.#refusal !== null && !this.#ajar;
  }

  /** What is wrong with the broker as far as it is known, full queues included; null when nothing is. */
  get trouble(): Error | null {
    return (this.#ajar ? null : this.#refusal) ?? this.#fullQueues.values().next().value ?? null;
  }

  isFull(queue: string): boolean {
    return this.#fullQueues.has(queue);
  }

  /** @returns whether it is the broker that failed, and not the task that was pushed */
  noteError(err: unknown): boolean {
    if (isQueueFull(err)) {
      if (!this.isFull(err.queue)) this.#app.logger.warn({ err }, 'a queue is full; its schedules wait');
      this.#fullQueues.set(err.queue, err);
      // It looked at the queue, so it is there.
      this.noteAccepted();
      return true;
    }
    if (!isRefusal(err)) return false;
    if (!this.#refusal)
      this.#app.logger.error({ err }, 'the broker refuses tasks; nothing is claimed until it takes them');
    this.#refusal = err;
    this.#ajar = false;
    return true;
  }

  /** The broker answers again, and there is nothing to try it with. No-op when it did not refuse. */
  leaveAjar(): void {
    if (this.#refusal) this.#ajar = true;
  }

  /** A push that was tried after `refusal` was noted succeeded. */
  noteAccepted(): void {
    if (this.#refusal) this.#app.logger.info({}, 'the broker takes tasks again');
    this.#refusal = null;
    this.#ajar = false;
  }

  /** Per task id: whether the broker holds it; null when it does not answer, which closes the gate. */
  async holds(taskIds: readonly string[]): Promise<boolean[] | null> {
    // Somebody may have written an id by hand that no task can have: nobody holds it, and the others are asked about.
    const possible = taskIds.filter(isTaskId);
    if (possible.length === 0) return taskIds.map(() => false);
    try {
      const answers = await this.#app.holds(possible);
      const held = new Set(possible.filter((_, i) => answers[i]));
      return taskIds.map((id) => held.has(id));
    } catch (err) {
      if (this.noteError(err)) return null;
      throw err;
    }
  }

  /** Opens queues that have room again. @returns whether the broker answers; then a single push may be tried */
  async probe(): Promise<boolean> {
    for (const [queue, { limit }] of this.#fullQueues) {
      try {
        const { waiting, delayed } = await this.#app.queueSize(queue);
        if (waiting + delayed < limit) this.#fullQueues.delete(queue);
      } catch (err) {
        if (!this.noteError(err)) throw err;
      }
    }
    return this.#refusal === null || (await this.holds([NOBODYS_TASK])) !== null;
  }
}

function isTaskId(id: string): boolean {
  try {
    checkName(id, 'id');
    return true;
  } catch {
    return false;
  }
}

/** Then nothing was taken in. */
export function isQueueFull(err: unknown): err is QueueFullError {
  return err instanceof QueueFullError || codeOf(err) === 'QUEUE_FULL';
}

function isRefusal(err: unknown): err is Error {
  return err instanceof BackendError || REFUSALS.has(codeOf(err));
}

function codeOf(err: unknown): string {
  return err instanceof Error && 'code' in err ? String(err.code) : '';
}
