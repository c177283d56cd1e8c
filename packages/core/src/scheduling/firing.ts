import type { ScheduledTask } from './scheduled-task.js';

/** A slot in the ledger, a trigger by hand, or a run of slots that were passed over together. */
export interface Firing {
  /** Derived from incarnation, slot and kind, and so the same on every node; the id of its task, if it has one. */
  readonly id: string;
  readonly scheduleId: string;
  readonly incarnation: string;
  /** The slot; of a passed-over range, its first; of a trigger by hand, the instant of the call. */
  readonly slot: Date;
  /** The last slot of a passed-over range, and how many it holds; null and 1 otherwise. */
  readonly until: Date | null;
  readonly count: number;
  /** A trigger by hand is a firing of its own kind. */
  readonly kind: 'slot' | 'manual' | 'passed-over';
  /** `claimed` until its task was pushed; `unknown` when nobody can tell any more whether it was; `skipped` has no task. */
  readonly state: 'claimed' | 'submitted' | 'skipped' | 'unknown';
  /** Why it was skipped, passed over or is unknown; null when it ran. */
  readonly reason: string | null;
  /** The node that claimed it. */
  readonly node: string;
  /** On the store's clock, like `submittedAt`. */
  readonly claimedAt: Date;
  readonly submittedAt: Date | null;
}

/** A firing before it is in the ledger: the store adds which schedule's it is, who claimed it, and when. */
export interface NewFiring extends Omit<Firing, 'scheduleId' | 'incarnation' | 'node' | 'claimedAt' | 'submittedAt'> {
  readonly state: 'claimed' | 'skipped';
}

/** A firing whose task may not have been pushed, and its schedule; null when that is gone or was created anew. */
export interface UnsubmittedFiring {
  readonly firing: Firing;
  readonly schedule: ScheduledTask | null;
}

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
  /** The `nextRun` that was read. */
  readonly dueAt: Date | null;
  /** What `nextRun` becomes; null when no slot is left. A trigger by hand writes the same one back. */
  readonly nextRun: Date | null;
  /** What `error` becomes: why the schedule cannot fire, or null. */
  readonly error: string | null;
  readonly firings: readonly NewFiring[];
}
