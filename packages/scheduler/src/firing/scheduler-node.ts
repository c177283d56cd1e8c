import {
  type BaseSchedulerBackend,
  type DueTimes,
  type Flowrra,
  type ScheduledTask,
  type SchedulerHealth,
  StoppedError,
} from '@flowrra/core';
import { BrokerGate } from './broker-gate.js';
import { LedgerRetention, type Retention } from './ledger-retention.js';
import { triggerByHand } from './manual-trigger.js';
import { NodeHealth } from './node-health.js';
import { NodeRound } from './node-round.js';
import { NodeSleep } from './node-sleep.js';
import { SlotSubmitter } from './slot-submitter.js';
import { TaskQueues } from './task-queues.js';
import { type FindTask, UnknownTasks } from './unknown-tasks.js';
import { UnsubmittedSweep } from './unsubmitted-sweep.js';

/** Milliseconds that a node that stops waits for its store, as long as no task is being pushed. */
const STORE_ANSWERS_WITHIN = 1_500;

export interface SchedulerNodeOptions {
  readonly app: Flowrra;
  /** The store, open; asked for again after it failed. */
  readonly backend: () => Promise<BaseSchedulerBackend>;
  readonly findTask: FindTask;
  /** Names this node in the ledger. */
  readonly node: string;
  readonly retention: Retention;
}

/**
 * Fires slots: looks what is due on the store's clock, decides, claims, pushes the tasks and marks the firings, and sleeps
 * until there is more to do. Any number of nodes may do so on one store; each slot is enqueued once.
 */
export class SchedulerNode {
  readonly #options: SchedulerNodeOptions;
  readonly #gate: BrokerGate;
  readonly #submitter: SlotSubmitter;
  readonly #sweep: UnsubmittedSweep;
  readonly #unknownTasks: UnknownTasks;
  readonly #round: NodeRound;
  readonly #sleep: NodeSleep;
  readonly #retention: LedgerRetention;
  readonly #health: NodeHealth;
  readonly #stopping = new AbortController();
  readonly #triggers = new Set<Promise<unknown>>();
  #storeFails = false;
  #loop: Promise<void> | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: SchedulerNodeOptions) {
    const { app, node, findTask } = options;
    const { clock, logger } = app;
    const stopping = this.#stopping.signal;
    this.#options = options;
    this.#health = new NodeHealth(clock);
    const gate = new BrokerGate(app);
    const queues = new TaskQueues(findTask);
    const submitter = new SlotSubmitter({ app, gate, node, findTask, queues });
    const unknownTasks = new UnknownTasks({ node, clock, logger, findTask });
    const sweep = new UnsubmittedSweep({ app, gate, submitter, unknownTasks });
    this.#gate = gate;
    this.#submitter = submitter;
    this.#sweep = sweep;
    this.#unknownTasks = unknownTasks;
    this.#round = new NodeRound({ app, node, gate, submitter, sweep, unknownTasks, findTask, queues, stopping });
    this.#sleep = new NodeSleep(clock, stopping);
    this.#retention = new LedgerRetention({ ...options, clock, logger });
  }

  /**
   * Begins to fire. May be called more than once.
   * @throws StoppedError after a stop, and what opening the store throws; then it may be tried again
   */
  async start(): Promise<void> {
    if (this.#stopped) throw new StoppedError('The scheduler');
    await this.#options.backend();
    if (this.#loop || this.#stopped) return;
    this.#health.begin();
    this.#retention.start();
    this.#loop = this.#run();
  }

  /**
   * Claims nothing more, and waits for pushes under way, at most `grace` milliseconds: what is left then, another node
   * pushes. May be called more than once.
   */
  stop(options: { grace: number }): Promise<void> {
    this.#stopped ??= this.#stop(options.grace);
    return this.#stopped;
  }

  async #stop(grace: number): Promise<void> {
    const { clock } = this.#options.app;
    this.#stopping.abort();
    this.#retention.stop();
    const underWay = Promise.allSettled([this.#loop, ...this.#triggers]);
    await new Promise<void>((resolve) => {
      const giveUp = (): void => {
        for (const timer of timers) timer.cancel();
        this.#submitter.abandon();
        resolve();
      };
      // Without pushes it is the store that does not answer; what it was asked for, another node sees to.
      const look = (): void => {
        if (!this.#submitter.isPushing) giveUp();
        else timers.push(clock.after(STORE_ANSWERS_WITHIN, look));
      };
      const timers = [clock.after(grace, giveUp), clock.after(STORE_ANSWERS_WITHIN, look)];
      void underWay.then(giveUp);
    });
    this.#health.end();
  }

  health(): SchedulerHealth {
    return this.#health.report();
  }

  /**
   * Runs a schedule's task once, now, whether or not this node was started.
   * @returns the task's id
   * @throws ScheduleNotFoundError, ScheduleDamagedError, TaskNotFoundError, and what `submit` of the task throws
   */
  async trigger(schedule: ScheduledTask): Promise<string> {
    const { app, node, findTask } = this.#options;
    const parts = { app, node, findTask, gate: this.#gate, submitter: this.#submitter };
    const triggered = triggerByHand(parts, await this.#options.backend(), schedule);
    this.#triggers.add(triggered);
    try {
      return await triggered;
    } finally {
      this.#triggers.delete(triggered);
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) await this.#runOnce();
  }

  /** One round and the sleep after it. Never rejects: a node lives on whatever happens to its stores. */
  async #runOnce(): Promise<void> {
    const { app } = this.#options;
    this.#health.beginRound();
    try {
      const backend = await this.#options.backend();
      this.#sleep.beginRound(backend);
      const { due, progress } = await this.#round.run(backend);
      this.#noteRound();
      if (progress) this.#sleep.noteProgress();
      else await this.#sleep.untilDue(this.#wakeIn(due));
    } catch (err) {
      if (this.#stopping.signal.aborted) return;
      this.#health.failed(err instanceof Error ? err : new Error(String(err)));
      if (!this.#storeFails) app.logger.error({ err }, 'schedules could not be served; going on trying');
      this.#storeFails = true;
      await this.#sleep.afterFailure(backoff(this.#health.failures));
    }
  }

  /** While the broker refuses tasks nothing fires, and that counts like a store that is away. */
  #noteRound(): void {
    if (this.#storeFails) this.#options.app.logger.info({}, 'schedules are served again');
    this.#storeFails = false;
    const { refusal, isClosed, trouble } = this.#gate;
    if (refusal && isClosed) this.#health.failed(refusal);
    else this.#health.worked(trouble);
  }

  /** Milliseconds until there is something to do; by the store's clock, so that this node's own does not matter. */
  #wakeIn(due: DueTimes): number {
    const [sweepIn, lookIn] = [this.#sweep.dueIn(due), this.#unknownTasks.lookIn()];
    const chores = Math.min(sweepIn ?? Number.POSITIVE_INFINITY, lookIn ?? Number.POSITIVE_INFINITY);
    if (!due.nextRun || this.#gate.isClosed) return chores;
    return Math.min(due.nextRun.getTime() - due.now.getTime(), chores);
  }
}

/** Milliseconds before the next try at a store that failed `failures` times in a row: 1 s to 5 s, some of it random. */
function backoff(failures: number): number {
  return Math.round(Math.min(1_000 * 2 ** (failures - 1), 5_000) * (0.75 + Math.random() / 4));
}
