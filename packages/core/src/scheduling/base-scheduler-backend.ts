import type { Page } from '../backends/base-result-backend.js';
import { CONTRACT, type StoreContext } from '../contract.js';
import { NotImplementedError } from '../errors.js';
import type { JsonObject, JsonValue } from '../tasks/codec.js';
import type { ScheduledTask, ScheduleType } from './scheduled-task.js';

/** A slot in the ledger, or a run of slots that were passed over together. Incarnation, slot and kind are its identity. */
export interface Firing {
  readonly scheduleId: string;
  readonly incarnation: string;
  /** The slot; of a passed-over range, its first; of a trigger by hand, the instant of the call. */
  readonly slot: Date;
  /** The last slot of a passed-over range, and how many it holds. */
  readonly until: Date | null;
  readonly count: number;
  /** A trigger by hand is a firing of its own kind. */
  readonly kind: 'slot' | 'manual' | 'passed-over';
  /** `claimed` until its task was pushed; `unknown` when nobody can tell any more whether it was. */
  readonly state: 'claimed' | 'submitted' | 'skipped' | 'unknown';
  /** Why it was skipped, passed over or is unknown; null when it ran. */
  readonly reason: string | null;
  /** Derived from incarnation and slot; null when nothing was to be submitted. */
  readonly taskId: string | null;
  /** The node that claimed it. */
  readonly node: string;
  /** On the store's clock, like `submittedAt`. */
  readonly claimedAt: Date;
  readonly submittedAt: Date | null;
}

/** A firing before it is in the ledger: the store adds which schedule's it is, who claimed it, and when. */
export type NewFiring = Omit<Firing, 'scheduleId' | 'incarnation' | 'node' | 'claimedAt' | 'submittedAt'>;

/** What became of a claimed firing. */
export interface FiringMark {
  readonly state: 'submitted' | 'skipped' | 'unknown';
  /** Default null. */
  readonly reason?: string | null | undefined;
}

/** What a node decided for one schedule: what `claimDue` writes, if the row is still the one that was read. */
export interface SlotDecision {
  readonly scheduleId: string;
  /** The row as it was read: left alone when any of the three is another one by now. */
  readonly incarnation: string;
  readonly revision: number;
  /** The `nextRun` that was read, also null: a trigger by hand writes the same one back. */
  readonly dueAt: Date | null;
  /** What `nextRun` becomes; null when no slot is left. */
  readonly nextRun: Date | null;
  readonly firings: readonly NewFiring[];
}

/** Due schedules as they were read, and the store's clock at that time, by which their lateness is judged. */
export interface DueSchedules {
  readonly now: Date;
  /** The longest overdue first. */
  readonly schedules: readonly ScheduledTask[];
}

/**
 * Stores schedules. The eleven abstract methods are enough for one scheduler node; the ledger methods, announced by
 * `supports.claims`, let any number of nodes enqueue each slot exactly once, whatever their own clocks say: `readDue`,
 * decide outside of any transaction, `claimDue`, push, `markFirings`.
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

  /** Enabled schedules whose next run is not after `now`, the earliest first; without `now` the store's clock decides. */
  abstract listDue(now?: Date): Promise<ScheduledTask[]>;

  /**
   * Notes that a schedule ran, and when it is due next; null: never again. `revision` stays.
   * @throws ScheduleNotFoundError when there is none with this id
   */
  abstract updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void>;

  /** Removes all schedules. @returns how many */
  abstract clear(): Promise<number>;

  /**
   * The schedule with exactly this definition, the oldest if there are several; null when there is none. The order of
   * keys does not matter.
   * @param args default none
   * @param kwargs default null
   * @param timeZone default UTC
   */
  abstract findByDefinition(
    taskName: string,
    scheduleType: ScheduleType,
    schedule: string,
    args?: readonly JsonValue[],
    kwargs?: JsonObject | null,
    timeZone?: string,
  ): Promise<ScheduledTask | null>;

  /** Frees what the backend opened. May be called more than once. */
  abstract close(): Promise<void>;

  /** Called once before the first use. Constructors open nothing. */
  async open(_context: StoreContext): Promise<void> {}

  /** Due schedules by the store's clock, at most `limit` of them, read without locks. */
  readDue(_options: { limit: number }): Promise<DueSchedules> {
    return this.#missing('readDue');
  }

  /**
   * Writes what `node` decided, in one short transaction: rows that changed since they were read, or that another node
   * is writing, are left alone; of the others the firings go into the ledger, `nextRun` advances, `lastRun` becomes the
   * newest slot that is to run, and `runCount` grows by their number.
   * @returns the firings that were written
   */
  claimDue(_decisions: readonly SlotDecision[], _options: { node: string }): Promise<Firing[]> {
    return this.#missing('claimDue');
  }

  /**
   * Firings of any node that were claimed at least `olderThan` milliseconds ago, on the store's clock, and are not marked
   * yet; the oldest first, at most `limit`.
   */
  unsubmittedFirings(_options: { olderThan: number; limit: number }): Promise<Firing[]> {
    return this.#missing('unsubmittedFirings');
  }

  /** Says what became of claimed firings, and why; those that are marked already stay as they are. */
  markFirings(_firings: readonly Firing[], _mark: FiringMark): Promise<void> {
    return this.#missing('markFirings');
  }

  /** The ledger of one schedule, newest slot first, former incarnations included. */
  listFirings(_scheduleId: string, _page?: Page): Promise<Firing[]> {
    return this.#missing('listFirings');
  }

  #missing(method: string): Promise<never> {
    return Promise.reject(new NotImplementedError(`${this.constructor.name}.${method}()`));
  }
}
