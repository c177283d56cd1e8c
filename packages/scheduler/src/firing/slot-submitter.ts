import type { BaseSchedulerBackend, CallOptions, Firing, Flowrra, ScheduledTask, TaskContract } from '@flowrra/core';
import { type BrokerGate, isQueueFull } from './broker-gate.js';
import { decideNothing } from './decide-slots.js';
import type { TaskQueues } from './task-queues.js';
import type { FindTask } from './unknown-tasks.js';

/** A firing that is not marked this many milliseconds after its claim is pushed by whoever sees it. */
export const RESUBMIT_AFTER = 5_000;
/** Pushes that are under way at once. */
const PUSHES_AT_ONCE = 200;
/** Pushed firings that are marked in one transaction, more or less: with a database that syncs, commits are what costs. */
const MARKS_AT_ONCE = 500;

/** A claimed firing, and the schedule whose task it enqueues. */
export interface ClaimedFiring {
  readonly firing: Firing;
  readonly schedule: ScheduledTask;
  /** When this process asked the store for it, by its own clock. */
  readonly askedAt: number;
  /** Whether it is pushed though its queue is said to be full, and is skipped if that is so. */
  readonly lastTry?: boolean;
}

/**
 * What became of a push: `left` stays claimed, because the broker refused it, the task is not known here, or it is too late
 * to push it blindly.
 */
type Outcome = 'submitted' | 'left' | { readonly skipped: string };

interface PushedFiring {
  readonly claimed: ClaimedFiring;
  readonly outcome: Outcome;
}

export interface SlotSubmitterOptions {
  readonly app: Flowrra;
  readonly gate: BrokerGate;
  readonly node: string;
  readonly findTask: FindTask;
  readonly queues: TaskQueues;
}

/** Pushes the tasks of claimed firings under the firings' ids, and marks in the ledger what became of them. */
export class SlotSubmitter {
  readonly #options: SlotSubmitterOptions;
  /** Firings that are being pushed or marked here: nobody here needs to push them a second time. */
  readonly #inFlight = new Set<string>();
  #pushing = 0;
  #abandoned = false;

  constructor(options: SlotSubmitterOptions) {
    this.#options = options;
  }

  isInFlight(firingId: string): boolean {
    return this.#inFlight.has(firingId);
  }

  /** Whether the queue of the schedule's tasks is full. */
  waitsForRoom(schedule: ScheduledTask): boolean {
    const queue = this.#options.queues.of(schedule);
    return queue !== undefined && this.#options.gate.isFull(queue);
  }

  /** Whether a task is on its way to the broker. */
  get isPushing(): boolean {
    return this.#pushing > 0;
  }

  /** Begins no push any more: what is left stays claimed, for another node. */
  abandon(): void {
    this.#abandoned = true;
  }

  /**
   * Pushes firings and marks them. Ends early when the broker refuses: the rest stays claimed.
   * @param options.probe the broker refused before: try the first one alone
   * @throws what `markFirings` throws; a firing that was pushed and not marked is pushed again, to no effect
   */
  submit(
    backend: BaseSchedulerBackend,
    firings: readonly ClaimedFiring[],
    options: { probe?: boolean } = {},
  ): Promise<void> {
    return this.track(firings, () => this.#submitAll(backend, firings, options.probe ?? false));
  }

  /** Counts firings as in flight while `work` lasts. */
  async track<T>(firings: readonly ClaimedFiring[], work: () => Promise<T>): Promise<T> {
    for (const { firing } of firings) this.#inFlight.add(firing.id);
    try {
      return await work();
    } finally {
      for (const { firing } of firings) this.#inFlight.delete(firing.id);
    }
  }

  /**
   * Whether a firing may still be pushed. A process can stand still for hours between two lines, as when its machine sleeps;
   * another one has pushed the firing by then, and the broker may have forgotten the task since.
   * @throws what opening the broker throws
   */
  async isTimely({ askedAt }: ClaimedFiring): Promise<boolean> {
    const { app } = this.#options;
    // The other half of the window is the age that the firing may have had when it was asked for.
    const longest = Math.max((await app.dedupeWindow()) / 2, RESUBMIT_AFTER);
    const age = app.clock.now() - askedAt;
    // Below zero the clock was set back, and says nothing.
    return age >= 0 && age < longest;
  }

  /** Pushes one firing. @throws what `app.submit` throws */
  async push({ firing, schedule }: ClaimedFiring, contract: TaskContract): Promise<void> {
    const { app, queues } = this.#options;
    this.#pushing++;
    try {
      const { queue } = await app.submit<readonly unknown[], unknown, unknown>(contract, schedule.args, {
        kwargs: undefined,
        ...callOptions(schedule),
        id: firing.id,
        ...startOf(firing, schedule),
      });
      queues.note(schedule, queue);
    } catch (err) {
      if (isQueueFull(err)) queues.note(schedule, err.queue);
      throw err;
    } finally {
      this.#pushing--;
    }
  }

  async #submitAll(backend: BaseSchedulerBackend, firings: readonly ClaimedFiring[], probe: boolean): Promise<void> {
    const { gate } = this.#options;
    const marks: Promise<void>[] = [];
    let pushed: PushedFiring[] = [];
    const markPushed = (): void => {
      const marked = this.#mark(backend, pushed);
      // It is awaited below; should it fail before, somebody hears it.
      marked.catch(() => {});
      marks.push(marked);
      pushed = [];
    };
    for (let done = 0; done < firings.length && !this.#abandoned; ) {
      const probing = probe && done === 0;
      if (gate.refusal && !probing) break;
      const some = firings.slice(done, done + (probing ? 1 : PUSHES_AT_ONCE));
      done += some.length;
      const outcomes = await Promise.all(
        some.map(async (claimed) => ({ claimed, outcome: await this.#pushOne(claimed) })),
      );
      if (probing && outcomes[0]?.outcome === 'submitted') gate.noteAccepted();
      pushed.push(...outcomes);
      if (pushed.length >= MARKS_AT_ONCE) markPushed();
    }
    markPushed();
    const failed = (await Promise.allSettled(marks)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #pushOne(claimed: ClaimedFiring): Promise<Outcome> {
    const { app, gate, findTask } = this.#options;
    const { firing, schedule } = claimed;
    const contract = findTask(schedule.taskName);
    if (!contract || (this.waitsForRoom(schedule) && !claimed.lastTry)) return 'left';
    try {
      if (!(await this.isTimely(claimed))) return 'left';
      await this.push(claimed, contract);
      return 'submitted';
    } catch (err) {
      // Of a full queue it is known that it has taken nothing in.
      if (gate.noteError(err) && !(claimed.lastTry && isQueueFull(err))) return 'left';
      app.logger.error({ err, schedule: schedule.id, firing: firing.id }, 'a slot is skipped: its task was refused');
      return { skipped: refusalText(err) };
    }
  }

  async #mark(backend: BaseSchedulerBackend, pushed: readonly PushedFiring[]): Promise<void> {
    const submitted = pushed.filter(({ outcome }) => outcome === 'submitted').map(({ claimed }) => claimed.firing);
    if (submitted.length > 0) await backend.markFirings(submitted, { state: 'submitted' });
    for (const { claimed, outcome } of pushed) {
      if (typeof outcome === 'object') await this.#skip(backend, claimed.firing, outcome.skipped);
    }
  }

  /** In the ledger, and on the row, where people look first. */
  async #skip(backend: BaseSchedulerBackend, firing: Firing, reason: string): Promise<void> {
    await backend.markFirings([firing], { state: 'skipped', reason });
    const row = await backend.get(firing.scheduleId);
    if (row?.incarnation === firing.incarnation)
      await backend.claimDue([decideNothing(row, reason)], { node: this.#options.node });
  }
}

/** What is said of a call that was refused for reasons of its own. */
export function refusalText(err: unknown): string {
  return `Its task was refused: ${err instanceof Error ? err.message : String(err)}`;
}

/** What a schedule says about its calls; the rest is as the task has it. */
export function callOptions(schedule: ScheduledTask): CallOptions & { readonly kwargs?: unknown } {
  const { kwargs, queue, priority, retries, timeout } = schedule;
  return {
    ...(kwargs === null ? {} : { kwargs }),
    ...(queue === null ? {} : { queue }),
    ...(priority === null ? {} : { priority }),
    ...(retries === null ? {} : { retries }),
    ...(timeout === null ? {} : { timeout }),
  };
}

/** With jitter the task starts a while after its slot, the same while on every node. */
function startOf({ id, kind, slot }: Firing, { jitter }: ScheduledTask): { runAt?: Date } {
  if (jitter === 0 || kind !== 'slot') return {};
  // The id ends in a hash of incarnation and slot; 12 hexadecimal digits are a safe integer.
  return { runAt: new Date(slot.getTime() + (Number.parseInt(id.slice(-12), 16) % jitter)) };
}
