import type { Page } from '../backends/base-result-backend.js';
import { CONTRACT, type StoreContext } from '../contract.js';
import { NotImplementedError } from '../errors.js';
import type { JsonObject, JsonValue } from '../tasks/codec.js';
import type { Firing, FiringMark, SlotDecision, UnsubmittedFiring } from './firing.js';
import type { ScheduleChange, ScheduleFilter } from './schedule-change.js';
import type { ScheduledTask, ScheduleType } from './scheduled-task.js';

/** What there is to do, and when. All instants are on the store's clock. */
export interface DueTimes {
  /** The store's clock. */
  readonly now: Date;
  /** The earliest next run of an enabled schedule, past or future; null when there is none. */
  readonly nextRun: Date | null;
  /** When the oldest firing that is still `claimed` was claimed; null when there is none. */
  readonly oldestClaim: Date | null;
}

/** Due schedules as they were read, and the store's clock at that time, by which their lateness is judged. */
export interface DueSchedules {
  readonly now: Date;
  /** The longest overdue first, of the same instant by id. */
  readonly schedules: readonly ScheduledTask[];
}

/**
 * Leaves out schedules whose task is among these, and their firings: a node does not fire what it does not know. Firings
 * whose schedule is gone are left to everybody.
 */
export interface ExceptTasks {
  /** Default none. */
  readonly exceptTasks?: readonly string[] | undefined;
}

/**
 * Stores schedules. The eleven abstract methods are enough for one scheduler node; the ledger methods, announced by
 * `supports.claims`, let any number of nodes enqueue each slot exactly once, whatever their own clocks say: `readDue`,
 * decide outside of any transaction, `claimDue`, push, `markFirings`.
 *
 * What a store could not keep unchanged is refused before anything is written (`checkStorable` of `@flowrra/scheduler`).
 * A schedule that is passed is copied before the call returns its promise, and one that is given out is the caller's. A
 * row that somebody damaged by hand stops no other one: it is shown as `damaged`, with an `error`, and is not due any more.
 */
export abstract class BaseSchedulerBackend {
  readonly [CONTRACT] = 'scheduler-backend@1';

  readonly supports: { readonly claims: boolean } = { claims: false };

  /** Stores a new schedule. @throws ScheduleExistsError when the id is taken */
  abstract create(task: ScheduledTask): Promise<void>;

  /**
   * Replaces a schedule by the given one; only `revision` is the store's own, and grows by one.
   * @throws ScheduleNotFoundError when there is none with this id
   */
  abstract update(task: ScheduledTask): Promise<void>;

  /** Removes a schedule; its ledger stays. @returns false when there was none */
  abstract delete(id: string): Promise<boolean>;

  /** The schedule, or null when there is none. */
  abstract get(id: string): Promise<ScheduledTask | null>;

  /** All schedules, by id. */
  abstract listAll(): Promise<ScheduledTask[]>;

  /** Those that are enabled, by id. */
  abstract listEnabled(): Promise<ScheduledTask[]>;

  /**
   * Enabled schedules whose next run is not after `now`, the earliest first, of the same instant by id; without `now` the
   * store's clock decides.
   */
  abstract listDue(now?: Date): Promise<ScheduledTask[]>;

  /**
   * Notes that a schedule ran, and when it is due next; null: never again. `revision` stays.
   * @throws ScheduleNotFoundError when there is none with this id
   */
  abstract updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void>;

  /** Removes all schedules. @returns how many */
  abstract clear(): Promise<number>;

  /**
   * The schedule with exactly this definition; if there are several the oldest, of the same instant the first by id; null
   * when there is none. The order of keys does not matter.
   * @param args default none
   * @param kwargs default null
   * @param timeZone default UTC
   * @throws SerializationError for arguments that are no JSON
   */
  abstract findByDefinition(
    taskName: string,
    scheduleType: ScheduleType,
    schedule: string,
    args?: readonly JsonValue[],
    kwargs?: JsonObject | null,
    timeZone?: string,
  ): Promise<ScheduledTask | null>;

  /**
   * Ends what was called before, then frees what the backend opened; later calls are refused with a StoppedError. May be
   * called more than once.
   */
  abstract close(): Promise<void>;

  /** Called once before the first use by a scheduler. Constructors open nothing. */
  async open(_context: StoreContext): Promise<void> {}

  // ── The ledger methods ─────────────────────────────────────────────────────────────────────────────────────────

  /** What there is to do, and when: one cheap read. */
  dueTimes(_options?: ExceptTasks): Promise<DueTimes> {
    return this.#missing('dueTimes');
  }

  /** Due schedules by the store's clock, at most `limit` of them, read without locks. */
  readDue(_options: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    return this.#missing('readDue');
  }

  /**
   * Writes what `node` decided, in one short transaction: rows that changed since they were read, or that another node
   * is writing, are left alone; of the others the firings go into the ledger, `nextRun` and `error` are set, `lastRun`
   * and `lastTaskId` become those of the newest firing of kind `slot` that is `claimed`, and `runCount` grows by the
   * number of these. A firing whose id is in the ledger already is not written or counted again. No text of an error or a
   * reason is refused: what the store cannot keep of it becomes U+FFFD.
   * @returns the firings that were written
   */
  claimDue(_decisions: readonly SlotDecision[], _options: { node: string }): Promise<Firing[]> {
    return this.#missing('claimDue');
  }

  /**
   * Firings of any node that were claimed at least `olderThan` milliseconds ago, on the store's clock, and are not marked
   * yet; the oldest first, those that were claimed together by their slots, then by id; at most `limit`.
   */
  unsubmittedFirings(_options: ExceptTasks & { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    return this.#missing('unsubmittedFirings');
  }

  /** Says what became of claimed firings, and why; those that are marked already stay as they are. */
  markFirings(_firings: readonly Firing[], _mark: FiringMark): Promise<void> {
    return this.#missing('markFirings');
  }

  /** The ledger of one schedule, newest slot first, of the same slot the last id first, former incarnations included. */
  listFirings(_scheduleId: string, _page?: Page): Promise<Firing[]> {
    return this.#missing('listFirings');
  }

  /**
   * Shortens the ledger: removes firings that were claimed more than `olderThan` milliseconds ago, and of what is left of
   * each schedule all but the newest `keep`; never one that is still `claimed`. @returns how many
   */
  pruneFirings(_options: { olderThan: number; keep: number }): Promise<number> {
    return this.#missing('pruneFirings');
  }

  /**
   * Makes all changes or none, one after the other in one transaction.
   * @returns false when one of the rows is not as `before` any more
   * @throws ArgumentError for a change that would give a schedule another id
   */
  applyChanges(_changes: readonly ScheduleChange[]): Promise<boolean> {
    return this.#missing('applyChanges');
  }

  /** Schedules that match, by id. */
  listMatching(_filter: ScheduleFilter): Promise<ScheduledTask[]> {
    return this.#missing('listMatching');
  }

  /**
   * Resolves when, since the call, somebody may have changed a schedule or claimed a firing: within 5 s of it, also when
   * another process did; or spuriously. Never rejects: by the signal, or when the store is away, it resolves too. Any
   * number of calls may share a signal; after `close` it resolves at once.
   */
  waitForChange(_options: { signal: AbortSignal }): Promise<void> {
    return this.#missing('waitForChange');
  }

  #missing(method: string): Promise<never> {
    return Promise.reject(new NotImplementedError(`${this.constructor.name}.${method}()`));
  }
}
