import type { Clock, Timer } from '../clock.js';
import { CancelRequestedError, LeaseLostError, WorkerStoppingError } from '../errors.js';
import { attemptEvent, type TaskEvents } from '../events/task-events.js';
import type { Logger } from '../logger.js';
import { ShortLivedSet } from '../short-lived.js';
import type { ClaimedTask, TaskStore } from '../stores/task-store.js';
import { AbortSwitch } from './abort-switch.js';
import { AloneGate } from './alone-gate.js';
import type { ProgressReporter } from './progress-reporter.js';

/** After the grace of a stop, milliseconds for handing tasks back to a store that may not answer. */
const HAND_BACK_TIME = 1_000;

/** The place of a task among those that may run at once. */
export interface Slot {
  free(): void;
  /** Takes it back, if it was free; then fewer run until it is free again. */
  take(): void;
}

/** A task that this process holds: the claim, its slot, and the switch that ends its run. */
export interface HeldTask {
  readonly task: ClaimedTask;
  readonly slot: Slot;
  readonly run: AbortSwitch;
  /** True from the moment the store says so: whatever the run does, its result is refused. */
  lost: boolean;
  /**
   * The store is being told what became of it: its answer to that counts, not what a heartbeat finds meanwhile. It may
   * have heard already, and its answer been lost.
   */
  settling: boolean;
  /** What its handler reports, once there is one. */
  progress: ProgressReporter | null;
  /** The run of its handler, which may go on when its signal has overtaken it. */
  handler: Promise<unknown> | null;
}

/** Everything that this process holds, over all its lanes: keeps leases alive and hears about cancels. */
export class WorkerSession {
  readonly gate: AloneGate;
  readonly #held = new ShortLivedSet<HeldTask>();
  #runningHandlers = 0;
  /** The numbers of claims that are under way. */
  readonly #claims = new ShortLivedSet<number>();
  #nextClaim = 0;
  /**
   * Announced while claims were under way, each of which may bring these tasks, and they are not held yet: by task id, the
   * number of the first claim that came after.
   */
  readonly #cancelsHeard = new Map<string, number>();
  #heartbeat: Timer | null = null;
  #heartbeatFails = false;
  readonly #stopping = new AbortController();
  readonly #abandoned = new AbortController();
  #allSettled: (() => void)[] = [];

  constructor(
    readonly store: TaskStore,
    readonly options: { clock: Clock; logger: Logger; events: TaskEvents; lease: number },
  ) {
    this.gate = new AloneGate(options.clock, options.lease);
  }

  /** Aborts when claims must end. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Aborts when even telling the store is given up: what is still held comes back when its lease ends. */
  get abandoned(): AbortSignal {
    return this.#abandoned.signal;
  }

  /** Handlers that still run, those included that were overtaken by their signal and ignore it. */
  get runningHandlers(): number {
    return this.#runningHandlers;
  }

  handlerStarted(): void {
    this.#runningHandlers++;
  }

  handlerEnded(): void {
    this.#runningHandlers--;
  }

  /** From now on a claim is under way. @returns to be called once everything that it brought is held */
  beginClaim(): () => void {
    const number = this.#nextClaim++;
    this.#claims.add(number);
    return () => {
      this.#claims.delete(number);
      const oldest = this.#claims.oldest() ?? this.#nextClaim;
      for (const [taskId, firstAfter] of this.#cancelsHeard)
        if (firstAfter <= oldest) this.#cancelsHeard.delete(taskId);
    };
  }

  hold(task: ClaimedTask, slot: Slot): HeldTask {
    const run = new AbortSwitch();
    const held: HeldTask = { task, slot, run, lost: false, settling: false, progress: null, handler: null };
    this.#held.add(held);
    this.#armHeartbeat();
    if (this.#cancelsHeard.has(task.lease.id)) void this.#extend([held]);
    return held;
  }

  letGo(held: HeldTask): void {
    this.#held.delete(held);
    if (this.#held.size > 0) return;
    this.#heartbeat?.cancel();
    this.#heartbeat = null;
    for (const resolve of this.#allSettled.splice(0)) resolve();
  }

  /** Somebody cancelled a task: if it runs here, ask the store at once instead of at the next heartbeat. */
  async onCancel(taskId: string): Promise<void> {
    if (this.#claims.size > 0) this.#cancelsHeard.set(taskId, this.#nextClaim);
    const held = this.#held.values().filter(({ task }) => task.lease.id === taskId);
    if (held.length > 0) await this.#extend(held);
  }

  /** No claim is made after this. */
  stopClaiming(): void {
    this.#stopping.abort();
    this.gate.close();
  }

  /** Waits until nothing is held any more. After `grace` ms what still runs is told to stop and handed back. */
  async drain(grace: number): Promise<void> {
    if (this.#held.size === 0) return;
    const { clock } = this.options;
    const stop = clock.after(grace, () => {
      for (const { run } of this.#held.values()) run.abort(new WorkerStoppingError());
    });
    const abandon = clock.after(grace + HAND_BACK_TIME, () => this.#abandoned.abort());
    await new Promise<void>((resolve) => this.#allSettled.push(resolve));
    stop.cancel();
    abandon.cancel();
  }

  #armHeartbeat(): void {
    this.#heartbeat ??= this.options.clock.after(this.options.lease / 3, () => {
      this.#heartbeat = null;
      void this.#extend(this.#held.values());
      if (this.#held.size > 0) this.#armHeartbeat();
    });
  }

  async #extend(held: readonly HeldTask[]): Promise<void> {
    const { logger, lease } = this.options;
    try {
      const replies = await this.store.extend(
        held.map(({ task }) => task.lease),
        lease,
      );
      this.#heartbeatFails = false;
      held.forEach((one, i) => {
        if (replies[i] === 'lost') this.#lose(one);
        if (replies[i] === 'cancel') one.run.abort(new CancelRequestedError());
      });
    } catch (err) {
      // The next beat tries again; should it be too late by then, the store says so.
      if (!this.#heartbeatFails && !this.abandoned.aborted)
        logger.warn({ err, tasks: held.length }, 'leases could not be extended; going on trying');
      this.#heartbeatFails = true;
    }
  }

  #lose(held: HeldTask): void {
    // A task that ended while the heartbeat was under way is no longer held, or about to be: nothing was lost.
    if (held.lost || held.settling || !this.#held.has(held)) return;
    held.lost = true;
    const event = attemptEvent(held.task);
    this.options.logger.warn(event, 'lease lost: another worker may run the task');
    this.options.events.emit('leaseLost', () => event);
    held.run.abort(new LeaseLostError(event.taskId));
  }
}
