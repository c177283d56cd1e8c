import { sleep } from '../clock.js';
import type { TaskErrorInfo } from '../errors.js';
import { attemptEvent } from '../events/task-events.js';
import { outcomeResult } from '../stores/joined-task-store.js';
import type { TaskOutcome } from '../stores/task-store.js';
import { storeBackoff } from './backoff.js';
import type { HeldTask, WorkerSession } from './worker-session.js';

/** Tries at settling a task with a store that answers, but with errors of no known kind. */
const SETTLE_TRIES = 5;

type Settled = 'stored' | 'refused' | 'given up';

/** Tells the store what becomes of a held task until it knows, and then whoever listens. */
export class TaskSettler {
  readonly #session: WorkerSession;

  constructor(session: WorkerSession) {
    this.#session = session;
  }

  /** The task has ended. */
  finish(held: HeldTask, outcome: TaskOutcome): Promise<void> {
    const { task } = held;
    const { events, logger, clock } = this.#session.options;
    return this.#untilStored(held, () => this.#session.store.finish(task, outcome)).then((stored) => {
      if (stored === 'refused')
        logger.warn(attemptEvent(task), 'a result was refused: the lease was lost, or another result came first');
      if (stored !== 'stored') return;
      events.emit('finished', () => ({ ...attemptEvent(task), result: outcomeResult(task, outcome, clock.now()) }));
    });
  }

  /** The attempt has failed; another follows `delay` ms later. */
  async retry(held: HeldTask, error: TaskErrorInfo, delay: number): Promise<void> {
    const { task } = held;
    const request = { runAt: { after: delay }, error };
    const stored = await this.#untilStored(held, () => this.#session.store.retry(task, request));
    if (stored === 'stored')
      this.#session.options.events.emit('retrying', () => ({ ...attemptEvent(task), error, delay }));
  }

  /** The task goes back to its queue unfinished, for `delay` ms at least. */
  async release(held: HeldTask, reason: 'stopped' | 'deferred', delay: number): Promise<void> {
    const { task } = held;
    const runAt = delay > 0 ? { after: delay } : null;
    const stored = await this.#untilStored(held, () => this.#session.store.release(task, { runAt, reason }));
    if (stored === 'stored') this.#session.options.events.emit('released', () => ({ ...attemptEvent(task), reason }));
  }

  /**
   * Repeats a step until the store has answered it. The lease is kept alive meanwhile, so nobody else runs the task.
   * Given up, the task comes back when its lease ends.
   */
  #untilStored(held: HeldTask, step: () => Promise<boolean>): Promise<Settled> {
    held.settling = true;
    // The usual case takes one promise.
    return step().then(settled, (err: unknown) => this.#repeat(held, step, err));
  }

  async #repeat(held: HeldTask, step: () => Promise<boolean>, firstError: unknown): Promise<Settled> {
    const session = this.#session;
    const { clock, logger } = session.options;
    // Nothing follows what has not come to its end.
    held.slot.take();
    let err = firstError;
    for (let failures = 1; ; failures++) {
      const code = (err as { code?: unknown } | null)?.code;
      const storeIsAway = code === 'STORE_UNAVAILABLE' || code === 'STORE_FULL';
      const givenUp = session.abandoned.aborted || (!storeIsAway && failures >= SETTLE_TRIES);
      if (failures === 1 || givenUp)
        logger.error(
          { ...attemptEvent(held.task), err },
          givenUp ? 'a task could not be settled' : 'settling a task failed; going on trying',
        );
      if (givenUp) return 'given up';
      await sleep(clock, storeBackoff(failures), { signal: session.abandoned }).catch(() => {});
      try {
        return settled(await step());
      } catch (next) {
        err = next;
      }
    }
  }
}

function settled(accepted: boolean): Settled {
  return accepted ? 'stored' : 'refused';
}
