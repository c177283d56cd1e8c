import {
  BaseSchedulerBackend,
  type DueSchedules,
  type DueTimes,
  type ExceptTasks,
  type Firing,
  type FiringMark,
  type JsonObject,
  type JsonValue,
  type Page,
  type ScheduleChange,
  type ScheduledTask,
  type ScheduleFilter,
  type ScheduleType,
  type SlotDecision,
  type StoreContext,
  type UnsubmittedFiring,
} from '@flowrra/core';
import { storableDecision, storableMark } from '../stored-schedule.js';
import { applyChanges } from './apply-changes.js';
import { ChangeWatch } from './change-watch.js';
import { claimDue } from './claim-due.js';
import { DueTimesReader, readDue } from './due.js';
import { LedgerStore } from './ledger-store.js';
import { ScheduleStore } from './schedule-store.js';
import type { SqlDialect } from './sql-dialect.js';
import type { SqlOptions } from './sql-options.js';
import { SqlSession } from './sql-session.js';

/** Lets `dropTables` reach what a backend keeps to itself; set by the class. */
let sessionOf: (backend: SqlSchedulerBackend) => SqlSession;

/**
 * Schedules and their ledger in a SQL database, through Kysely: every query once. An engine adds a `SqlDialect`, and no
 * query. Every call is refused with a `StoreUnavailableError` after 10 s (`applyChanges`: 5 ms later for each change),
 * and with a `StoppedError` after `close`.
 */
export abstract class SqlSchedulerBackend extends BaseSchedulerBackend {
  static {
    sessionOf = (backend) => backend.#session;
  }

  override readonly supports = { claims: true };
  readonly #session: SqlSession;
  readonly #schedules: ScheduleStore;
  readonly #ledger: LedgerStore;
  readonly #dueTimes: DueTimesReader;
  readonly #changes: ChangeWatch;

  /** @throws ConfigError when an option is wrong; opens nothing */
  constructor(dialect: SqlDialect, options: SqlOptions = {}) {
    super();
    this.#session = new SqlSession(this.constructor.name, dialect, options);
    this.#schedules = new ScheduleStore(this.#session);
    this.#ledger = new LedgerStore(this.#session);
    this.#dueTimes = new DueTimesReader(this.#session);
    this.#changes = new ChangeWatch(this.#session);
  }

  /** Connects and makes the tables; without it the first call does, with the machine's clock and the console. */
  override open(context: StoreContext): Promise<void> {
    return this.#session.open(context);
  }

  create(task: ScheduledTask): Promise<void> {
    return this.#changing(this.#schedules.create(task));
  }

  update(task: ScheduledTask): Promise<void> {
    return this.#changing(this.#schedules.update(task));
  }

  delete(id: string): Promise<boolean> {
    return this.#changing(this.#schedules.delete(id));
  }

  get(id: string): Promise<ScheduledTask | null> {
    return this.#schedules.get(id);
  }

  listAll(): Promise<ScheduledTask[]> {
    return this.#schedules.listAll();
  }

  listEnabled(): Promise<ScheduledTask[]> {
    return this.#schedules.listEnabled();
  }

  listDue(now?: Date): Promise<ScheduledTask[]> {
    return this.#schedules.listDue(now);
  }

  updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void> {
    return this.#changing(this.#schedules.updateRunTimes(id, lastRun, nextRun));
  }

  clear(): Promise<number> {
    return this.#changing(this.#schedules.clear());
  }

  findByDefinition(
    taskName: string,
    scheduleType: ScheduleType,
    schedule: string,
    args: readonly JsonValue[] = [],
    kwargs: JsonObject | null = null,
    timeZone = 'UTC',
  ): Promise<ScheduledTask | null> {
    return this.#schedules.findByDefinition({ taskName, scheduleType, schedule, args, kwargs, timeZone });
  }

  override listMatching(filter: ScheduleFilter): Promise<ScheduledTask[]> {
    return this.#schedules.listMatching(filter);
  }

  override applyChanges(changes: readonly ScheduleChange[]): Promise<boolean> {
    return this.#changing(applyChanges(this.#session, changes));
  }

  override dueTimes(options: ExceptTasks = {}): Promise<DueTimes> {
    return this.#dueTimes.read(options);
  }

  override readDue(options: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    return readDue(this.#session, options);
  }

  override claimDue(decisions: readonly SlotDecision[], { node }: { node: string }): Promise<Firing[]> {
    return claimDue(this.#session, decisions.map(storableDecision), node);
  }

  override unsubmittedFirings(
    options: ExceptTasks & { olderThan: number; limit: number },
  ): Promise<UnsubmittedFiring[]> {
    return this.#ledger.unsubmitted(options);
  }

  override markFirings(firings: readonly Firing[], mark: FiringMark): Promise<void> {
    return this.#ledger.mark(firings, storableMark(mark));
  }

  override listFirings(scheduleId: string, page?: Page): Promise<Firing[]> {
    return this.#ledger.list(scheduleId, page);
  }

  override pruneFirings(options: { olderThan: number; keep: number }): Promise<number> {
    return this.#ledger.prune(options);
  }

  override waitForChange({ signal }: { signal: AbortSignal }): Promise<void> {
    return this.#changes.wait(signal);
  }

  async close(): Promise<void> {
    await this.#changes.end();
    await this.#session.close();
  }

  /** Who waits for a change looks again: also after a failure, which may have come too late to stop the change. */
  async #changing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.#changes.wake();
    }
  }
}

/**
 * Drops the tables of a backend's prefix with all schedules and their history, for tests and other short lives. Close every
 * backend on them afterwards: the tables are made only when a backend opens.
 * @throws BackendError when the store cannot be reached
 */
export function dropTables(backend: SqlSchedulerBackend): Promise<void> {
  return sessionOf(backend).dropTables();
}
