import type { JsonObject, JsonValue } from '../tasks/codec.js';

/** What decides when a schedule is due. */
export const ScheduleType = { CRON: 'cron', INTERVAL: 'interval', ONE_TIME: 'one_time' } as const;
export type ScheduleType = (typeof ScheduleType)[keyof typeof ScheduleType];

/** What happens to slots that nobody served in time: the newest runs, none does, or the newest `n` do. */
export type CatchUp = 'latest' | 'skip' | { readonly all: number };

/** One schedule, as it is stored. */
export interface ScheduledTask {
  readonly id: string;
  /**
   * Drawn at each creation, so that a new schedule under an old id is told from its forerunner; and when a one-time
   * schedule whose slot was refused is tried again.
   */
  readonly incarnation: string;
  /** The store counts it: 1 at creation, one more with every `update`. */
  readonly revision: number;
  readonly taskName: string;
  readonly scheduleType: ScheduleType;
  /**
   * A cron expression of five fields (six: seconds first), an interval in milliseconds, or an instant in epoch
   * milliseconds; as text.
   */
  readonly schedule: string;
  readonly args: readonly JsonValue[];
  readonly kwargs: JsonObject | null;
  /** An IANA zone; UTC by default, fixed at creation. */
  readonly timeZone: string;
  readonly enabled: boolean;
  readonly lastRun: Date | null;
  /** The next slot; null when there is none any more. */
  readonly nextRun: Date | null;
  /** The task of the last run, for `app.get()`; null before the first. */
  readonly lastTaskId: string | null;
  readonly catchUp: CatchUp;
  /** Whether a slot is skipped while the task of an earlier one is live. */
  readonly overlap: 'allow' | 'skip';
  /** Milliseconds over which the start of a slot's task is spread; the slot itself never moves. */
  readonly jitter: number;
  /** No slot before; intervals count from here, or else from `createdAt`. */
  readonly startAt: Date | null;
  /** No slot after. */
  readonly endAt: Date | null;
  /** Most slots that run; null: no limit. */
  readonly maxRuns: number | null;
  /** Slots that ran; triggers by hand do not count. */
  readonly runCount: number;
  /** Null: as the task has it. */
  readonly queue: string | null;
  readonly priority: number | null;
  readonly retries: number | null;
  /** Milliseconds. */
  readonly timeout: number | null;
  readonly description: string | null;
  /** Who declared it; `plan` and `apply` see only the schedules of their owner. */
  readonly owner: string | null;
  /** Why the schedule cannot fire (unknown task, broken expression); null when it can. */
  readonly error: string | null;
  /**
   * True of a row that somebody damaged by hand: some of what it shows stands in for what cannot be read, and `error` says
   * what. Told when it is read, and never stored.
   */
  readonly damaged?: boolean | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
