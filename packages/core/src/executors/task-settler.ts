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
    const { store, options } = this.#session;
    const { events, logger, clock } = options;
    return this.#untilStored(
      held,
      () => store.finish(task, outcome),
      (settled) => {
        if (settled === 'refused')
          logger.warn(attemptEvent(task), 'a result was refused: the lease was lost, or another result came first');
        if (settled !== 'stored') return;
        events.emit('finished', () => ({ ...attemptEvent(task), result: outcomeResult(task, outcome, clock.now()) }));
      },
    );
  }

  /** The attempt has failed; another follows `delay` ms later. */
  retry(held: HeldTask, error: TaskErrorInfo, delay: number): Promise<void> {
    const { task } = held;
    const { store, options } = this.#session;
    const request = { runAt: { after: delay }, error };
    return this.#untilStored(
      held,
      () => store.retry(task, request),
      (settled) => {
        if (settled === 'stored') options.events.emit('retrying', () => ({ ...attemptEvent(task), error, delay }));
      },
    );
  }

  /** The task goes back to its queue unfinished, for `delay` ms at least. */
  release(held: HeldTask, reason: 'stopped' | 'deferred', delay: number): Promise<void> {
    const { task } = held;
    const { store, options } = this.#session;
    const runAt = delay > 0 ? { after: delay } : null;
    return this.#untilStored(
      held,
      () => store.release(task, { runAt, reason }),
      (settled) => {
        if (settled === 'stored') options.events.emit('released', () => ({ ...attemptEvent(task), reason }));
      },
    );
  }

  /**
   * Repeats a step until the store has answered it, and passes the answer on. The lease is kept alive meanwhile, so nobody
   * else runs the task. Given up, the task comes back when its lease ends.
   */
  #untilStored(held: HeldTask, step: () => Promise<boolean>, then: (settled: Settled) => void): Promise<void> {
    held.settling = true;
    // The usual case takes one promise.
    return step().then(
      (accepted) => then(settledAs(accepted)),
      (err: unknown) => this.#repeat(held, step, err).then(then),
    );
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
        return settledAs(await step());
      } catch (next) {
        err = next;
      }
    }
  }
}

function settledAs(accepted: boolean): Settled {
  return accepted ? 'stored' : 'refused';
}
