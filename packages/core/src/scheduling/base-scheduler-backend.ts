import { CONTRACT, type StoreContext } from '../contract.js';
import { NotImplementedError } from '../errors.js';
import type { JsonObject, JsonValue } from '../tasks/codec.js';
import type { ScheduledTask, ScheduleType } from './scheduled-task.js';

/** A slot in the ledger, or a run of slots that were passed over together. */
export interface Firing {
  readonly scheduleId: string;
  readonly incarnation: string;
  /** The slot; of a passed-over range, its first. */
  readonly slot: Date;
  /** The last slot of a passed-over range, and how many it holds. */
  readonly until: Date | null;
  readonly count: number;
  /** A trigger by hand is a firing of its own kind. */
  readonly kind: 'slot' | 'manual' | 'passed-over';
  readonly state: 'claimed' | 'submitted' | 'skipped' | 'unknown';
  /** Why it was skipped or passed over; null when it ran. */
  readonly reason: string | null;
  /** Derived from incarnation and slot; null when nothing was to be submitted. */
  readonly taskId: string | null;
  /** The node that claimed it. */
  readonly node: string;
  readonly claimedAt: Date;
  readonly submittedAt: Date | null;
}

/** A slot that is about to be claimed: what `claimDue` writes in one transaction. */
export interface SlotDecision {
  readonly scheduleId: string;
  /** The row is skipped unless it still has this revision and next run. */
  readonly revision: number;
  readonly dueAt: Date;
  readonly nextRun: Date | null;
  readonly firings: readonly Firing[];
}

/**
 * Stores schedules. The eleven abstract methods are enough for one scheduler node; the ledger methods, announced by
 * `supports.claims`, let any number of nodes enqueue each slot exactly once.
 */
export abstract class BaseSchedulerBackend {
  readonly [CONTRACT] = 'scheduler-backend@1';

  readonly supports: { readonly claims: boolean } = { claims: false };

  /** @throws ScheduleExistsError when the id is taken */
  abstract create(task: ScheduledTask): Promise<void>;

  /** @throws ScheduleNotFoundError */
  abstract update(task: ScheduledTask): Promise<void>;

  /** @returns false when there was none */
  abstract delete(id: string): Promise<boolean>;

  abstract get(id: string): Promise<ScheduledTask | null>;

  abstract listAll(): Promise<ScheduledTask[]>;

  abstract listEnabled(): Promise<ScheduledTask[]>;

  /** Enabled schedules whose next run is not after `now`, the earliest first; without `now` the store's clock decides. */
  abstract listDue(now?: Date): Promise<ScheduledTask[]>;

  /** @throws ScheduleNotFoundError */
  abstract updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void>;

  /** Removes all schedules. @returns how many */
  abstract clear(): Promise<number>;

  /** The schedule with exactly this definition. The order of keys does not matter. */
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

  /** Writes the decisions whose rows are unchanged, in one short transaction. @returns the firings that were written */
  claimDue(_decisions: readonly SlotDecision[]): Promise<Firing[]> {
    return this.#missing('claimDue');
  }

  /** Firings that were claimed before `before` and not marked since. */
  unsubmittedFirings(_before: Date, _limit: number): Promise<Firing[]> {
    return this.#missing('unsubmittedFirings');
  }

  markFirings(_firings: readonly Firing[], _state: Firing['state']): Promise<void> {
    return this.#missing('markFirings');
  }

  /** The ledger of one schedule, newest first. */
  listFirings(_scheduleId: string, _page?: { limit?: number; offset?: number }): Promise<Firing[]> {
    return this.#missing('listFirings');
  }

  #missing(method: string): Promise<never> {
    return Promise.reject(new NotImplementedError(`${this.constructor.name}.${method}()`));
  }
}
