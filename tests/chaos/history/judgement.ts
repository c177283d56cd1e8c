import type { Disturbances } from './disturbances.js';

/** By what a history is judged. */
export interface Judgement {
  readonly disturbances: Disturbances;
  /** Whether results are in another store than messages. */
  readonly split: boolean;
  /** How long results are kept, in milliseconds; null: for ever. */
  readonly ttl: number | null;
  readonly maxCrashes: number;
  /** Most attempts of the tasks of a kind. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Milliseconds before a retry of the load's tasks. */
  readonly retryDelay: number;
  /** A wait may take so many milliseconds longer than the task: a poll, a reconnect, a busy machine. */
  readonly patience: number;
  /** Codes with which a wait may end before the task. */
  readonly refusals: ReadonlySet<string>;
}
