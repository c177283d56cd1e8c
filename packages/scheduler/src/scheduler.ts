import {
  ArgumentError,
  ConfigError,
  checkDuration,
  checkName,
  checkPage,
  checkRunOptions,
  checkStopOptions,
  type Duration,
  type Explanation,
  type Firing,
  type Flowrra,
  type Page,
  type RunOptions,
  runUntilSignal,
  type ScheduledTask,
  type ScheduleFilter,
  ScheduleNotFoundError,
  type SchedulerHealth,
  type ScheduleService,
  type StopOptions,
} from '@flowrra/core';
import { checkFilter, checkPageOptions } from './check-filter.js';
import { explainSlot } from './explain-slot.js';
import { SchedulerNode } from './firing/scheduler-node.js';
import { LazyBackend } from './lazy-backend.js';
import { checkDefinition, definitionOf } from './registration/check-definition.js';
import { checkDate } from './registration/check-timing.js';
import {
  applySchedules,
  checkDeclarations,
  checkPlanOptions,
  type PlanOptions,
  planSchedules,
  type SchedulePlan,
} from './registration/declared-schedules.js';
import { KnownTasks } from './registration/known-tasks.js';
import { newSchedule } from './registration/schedule-changes.js';
import type { ScheduleDefinition, ScheduleOptionsParameter } from './registration/schedule-definition.js';
import { registerSchedule, switchSchedule } from './registration/schedule-writer.js';
import { resolveSchedulerOptions, type SchedulerOptions } from './scheduler-options.js';
import { upcomingSlots } from './upcoming-slots.js';

const DEFAULT_GRACE = '30s';
const MOST_PREVIEWED = 10_000;

/**
 * Enqueues tasks by cron, interval or date: each slot exactly once, on any number of nodes that share a store. Attaches
 * itself to its app, which starts and stops it; or runs alone in a process of its own. Schedules can be written and read
 * without a start. Whatever takes an id refuses a malformed one with an ArgumentError; whatever asks the store rejects with
 * a BackendError while that cannot be reached, and with a StoppedError after `stop`.
 *
 * @example
 * const scheduler = new Scheduler(app, { backend: 'postgresql://app:secret@db/flowrra' });
 * await scheduler.schedule({ id: 'nightly', task: report, cron: '0 3 * * *', timeZone: 'Europe/Paris', args: ['all'] });
 * await app.start();
 */
export class Scheduler implements ScheduleService {
  readonly #app: Flowrra;
  readonly #backend: LazyBackend;
  readonly #tasks: KnownTasks;
  readonly #node: SchedulerNode;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Opens nothing; the store is opened at the first use. @throws ConfigError, ArgumentError for a wrong option */
  constructor(app: Flowrra, options: SchedulerOptions = {}) {
    if (typeof app?.checkCall !== 'function')
      throw new ConfigError('app', 'A scheduler needs an app: new Scheduler(app).');
    const { backend, tasks, node, retention } = resolveSchedulerOptions(options);
    this.#app = app;
    this.#backend = new LazyBackend(app, backend);
    this.#tasks = new KnownTasks(app, tasks);
    this.#node = new SchedulerNode({
      app,
      backend: () => this.#backend.open(),
      findTask: (name) => this.#tasks.find(name),
      node,
      retention,
    });
    app.use(this);
  }

  // ── Registering ────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Creates a schedule, or makes the stored one of the same id as defined. What is stored as defined is not written again;
   * what differs is changed, and keeps `enabled`, its history and, unless expression, zone or `startAt` changed, its next
   * run. Any number of processes may do so at once.
   * @throws ArgumentError, ConfigError, TaskNotFoundError, SerializationError, PayloadTooLargeError, SchemaError before
   *   anything is written
   * @throws ScheduleOwnedError when the stored schedule has another owner
   */
  async schedule<Args extends readonly unknown[], Kwargs>(
    definition: ScheduleDefinition<Args, Kwargs>,
  ): Promise<ScheduledTask> {
    return this.#register(definition);
  }

  /** `schedule` in one line: by a cron expression of five fields (six with `seconds: true`), read in `timeZone`. */
  async scheduleCron<Args extends readonly unknown[], Kwargs>(
    cron: string,
    task: ScheduleDefinition<Args, Kwargs>['task'],
    ...[options]: ScheduleOptionsParameter<Args, Kwargs, { readonly seconds?: boolean | undefined }>
  ): Promise<ScheduledTask> {
    return this.#register(definitionOf({ kind: 'cron', value: cron }, task, options));
  }

  /** `schedule` in one line: by an interval of at least 100 ms, from `startAt` or else from the creation on. */
  async scheduleInterval<Args extends readonly unknown[], Kwargs>(
    every: Duration,
    task: ScheduleDefinition<Args, Kwargs>['task'],
    ...[options]: ScheduleOptionsParameter<Args, Kwargs>
  ): Promise<ScheduledTask> {
    return this.#register(definitionOf({ kind: 'every', value: every }, task, options));
  }

  /** `schedule` in one line: once; in the past, `catchUp` says what becomes of it. */
  async scheduleOnce<Args extends readonly unknown[], Kwargs>(
    at: Date,
    task: ScheduleDefinition<Args, Kwargs>['task'],
    ...[options]: ScheduleOptionsParameter<Args, Kwargs>
  ): Promise<ScheduledTask> {
    return this.#register(definitionOf({ kind: 'at', value: at }, task, options));
  }

  /**
   * What `apply` would write for this list, with the next slots before and after.
   * @throws what `apply` throws
   */
  async plan(definitions: readonly ScheduleDefinition[], options: PlanOptions): Promise<SchedulePlan> {
    const { checked, declared } = await this.#checkList(definitions, options);
    return planSchedules(await this.#backend.open(), declared, checked);
  }

  /**
   * Makes the owner's schedules as declared, in one transaction: creates, changes and, only with `prune`, removes.
   * Touches nothing of others. Wrapped in `defineSchedule`, each has its arguments checked by the compiler.
   * @returns what was done
   * @throws what `schedule` throws, saying which definition it was; ArgumentError for two of the same id
   */
  async apply(definitions: readonly ScheduleDefinition[], options: PlanOptions): Promise<SchedulePlan> {
    const { checked, declared } = await this.#checkList(definitions, options);
    return applySchedules(await this.#backend.open(), declared, checked);
  }

  // ── Operating ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The schedule as it is stored; null when there is none. @throws ArgumentError for a malformed id */
  async get(id: string): Promise<ScheduledTask | null> {
    checkName(id, 'id');
    return (await this.#backend.open()).get(id);
  }

  /** Schedules that match, by id; default all. @throws ArgumentError, ConfigError for a malformed filter */
  async list(filter: ScheduleFilter = {}): Promise<ScheduledTask[]> {
    const checked = checkFilter(filter);
    return (await this.#backend.open()).listMatching(checked);
  }

  /** Lets a schedule fire again, from its first slot after now: what it missed stays missed. @throws as `disable` */
  async enable(id: string): Promise<void> {
    checkName(id, 'id');
    return switchSchedule(await this.#backend.open(), id, true);
  }

  /** From when this resolves, no slot is claimed. @throws ScheduleNotFoundError, ScheduleDamagedError */
  async disable(id: string): Promise<void> {
    checkName(id, 'id');
    return switchSchedule(await this.#backend.open(), id, false);
  }

  /** Removes a schedule; its history stays until it is too old. @returns false when there was none */
  async unschedule(id: string): Promise<boolean> {
    checkName(id, 'id');
    return (await this.#backend.open()).delete(id);
  }

  /**
   * Runs the schedule's task once, now, also when it is disabled. The slots are not affected.
   * @returns the task's id
   * @throws ScheduleNotFoundError, ScheduleDamagedError, TaskNotFoundError; what `app.submit` throws
   */
  async trigger(id: string): Promise<string> {
    return this.#node.trigger(await this.#find(id));
  }

  // ── Asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The next slots, of a stored schedule or of one that is only defined; of a disabled one, those it would have if it were
   * enabled now. Fewer when it ends before, by `endAt` or `maxRuns`.
   * @param count 1 to 10,000
   * @throws ScheduleNotFoundError; for a definition what `schedule` throws
   */
  async preview<Args extends readonly unknown[], Kwargs>(
    schedule: string | ScheduleDefinition<Args, Kwargs>,
    count: number,
  ): Promise<Date[]> {
    if (!Number.isInteger(count) || count < 1 || count > MOST_PREVIEWED)
      throw new ArgumentError('count', `count must be a whole number from 1 to ${MOST_PREVIEWED}.`);
    if (typeof schedule === 'string') {
      const stored = await this.#find(schedule);
      return upcomingSlots(stored, await this.#now(), count);
    }
    const checked = await this.#check(schedule);
    const now = await this.#now();
    return upcomingSlots(newSchedule(checked, now), now, count);
  }

  /** The ledger of one schedule, newest slot first; also of one that was removed. */
  async history(id: string, page: Page = {}): Promise<Firing[]> {
    checkName(id, 'id');
    checkPage(checkPageOptions(page));
    return (await this.#backend.open()).listFirings(id, page);
  }

  /** Why the schedule did or did not run at that instant. */
  async explain(id: string, instant: Date): Promise<Explanation> {
    const checked = { id: checkName(id, 'id'), instant: checkDate(instant, 'instant') };
    return explainSlot(await this.#backend.open(), checked.id, checked.instant);
  }

  /** Whether it fires, and what keeps it from it. Asks no store. */
  health(): SchedulerHealth {
    return this.#node.health();
  }

  // ── Running ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins to fire what is due. May be called more than once. @throws BackendError when the store cannot be reached */
  start(): Promise<void> {
    this.#starting ??= this.#node.start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /**
   * Ends, for good: no slot is claimed from now on; pushes that are under way may finish for `grace` (default 30 s); then
   * the store is closed, unless it was passed in. May be called more than once.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const grace = checkDuration(checkStopOptions(options).grace ?? DEFAULT_GRACE, 'grace', { min: 0 });
    this.#stopping ??= this.#stop(grace);
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    // A start that is under way begins nothing any more; its store may take longer to open than there is time.
    this.#starting = undefined;
    await this.#node.stop({ grace });
    await this.#backend.close();
  }

  /**
   * The main of a process that only schedules: starts, runs until SIGTERM, SIGINT or `signal`, then stops the app with all
   * that it opened. A second signal ends the process at once with exit code 1.
   */
  async run(options: RunOptions = {}): Promise<void> {
    const { signal, grace } = checkRunOptions(options);
    if (grace !== undefined) checkDuration(grace, 'grace', { min: 0 });
    return runUntilSignal({
      start: () => this.start(),
      stop: () => this.#app.stop({ grace }),
      signal,
      runningHandlers: () => 0,
      clock: this.#app.clock,
      logger: this.#app.logger,
    });
  }

  // ── Inside ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #check(definition: unknown) {
    return checkDefinition(definition, { app: this.#app, tasks: this.#tasks });
  }

  async #checkList(definitions: readonly ScheduleDefinition[], options: PlanOptions) {
    const checked = checkPlanOptions(options);
    const declared = await checkDeclarations(definitions, checked.owner, (definition) => this.#check(definition));
    return { checked, declared };
  }

  async #register(definition: unknown): Promise<ScheduledTask> {
    const checked = await this.#check(definition);
    return registerSchedule(await this.#backend.open(), checked);
  }

  async #find(id: string): Promise<ScheduledTask> {
    checkName(id, 'id');
    const schedule = await (await this.#backend.open()).get(id);
    if (schedule) return schedule;
    throw new ScheduleNotFoundError(id);
  }

  async #now(): Promise<Date> {
    return (await (await this.#backend.open()).dueTimes()).now;
  }
}
