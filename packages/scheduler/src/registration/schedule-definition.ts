import type { CatchUp, Duration, TaskContract } from '@flowrra/core';

/** What a schedule may say beside its task and its times. Durations: milliseconds, or a text such as `10s`. */
export interface ScheduleOptions {
  /** What the schedule is known by; default `auto-` and a hash of task, times, arguments and zone. */
  readonly id?: string | undefined;
  /** The IANA zone that cron expressions are read in; default `UTC`, wherever the process runs. */
  readonly timeZone?: string | undefined;
  /** Whether it is created enabled; default true. A stored schedule keeps what `enable` and `disable` made of it. */
  readonly enabled?: boolean | undefined;
  /**
   * What happens to slots that are more than a minute late: the newest runs (`latest`, the default), none does (`skip`),
   * or the newest `n` do (`{ all: n }`, at most 1,000).
   */
  readonly catchUp?: CatchUp | undefined;
  /** Whether a slot is skipped while the task of an earlier one waits or runs; default `allow`: it is not. */
  readonly overlap?: 'allow' | 'skip' | undefined;
  /** Spreads the start of the tasks over this time after their slot; default 0, less than a day. */
  readonly jitter?: Duration | undefined;
  /** No slot before; intervals count from here instead of from the creation. */
  readonly startAt?: Date | undefined;
  /** No slot after. */
  readonly endAt?: Date | undefined;
  /** Most slots that run; default no limit. */
  readonly maxRuns?: number | undefined;
  /** Default: as the task has it; so for the three below. */
  readonly queue?: string | undefined;
  /** −100 … 100, lower runs first. */
  readonly priority?: number | undefined;
  /** Retries after the first attempt. */
  readonly retries?: number | undefined;
  /** How long one attempt may run. */
  readonly timeout?: Duration | undefined;
  /** For people; at most 1,000 characters. */
  readonly description?: string | undefined;
  /** Whose declaration it is, see `Scheduler.apply`; a schedule of an owner is changed only by its owner. */
  readonly owner?: string | undefined;
}

/** When a schedule is due: by exactly one of these. */
export type ScheduleTiming =
  | {
      /** Five fields, or an alias such as `@daily`. */
      readonly cron: string;
      /** True: six fields, seconds first. */
      readonly seconds?: boolean | undefined;
      readonly every?: undefined;
      readonly at?: undefined;
    }
  | {
      /** At least 100 ms. Slots lie at whole multiples from `startAt`, or else from the creation, and do not drift. */
      readonly every: Duration;
      readonly seconds?: undefined;
      readonly cron?: undefined;
      readonly at?: undefined;
    }
  | {
      /** Once. In the past: what `catchUp` says of a missed slot. */
      readonly at: Date;
      readonly seconds?: undefined;
      readonly cron?: undefined;
      readonly every?: undefined;
    };

/** The arguments of the task: may be left out only when it takes none. */
export type ScheduledCall<Args extends readonly unknown[], Kwargs> = ([] extends Args
  ? {
      /** The arguments of the task, as JSON. */
      readonly args?: Readonly<Args> | undefined;
    }
  : {
      /** The arguments of the task, as JSON. */
      readonly args: Readonly<Args>;
    }) &
  ([Kwargs] extends [undefined]
    ? { readonly kwargs?: undefined }
    : unknown extends Kwargs
      ? {
          /** The keyword arguments of the task, if it takes some. */
          readonly kwargs?: unknown;
        }
      : {
          /** The keyword arguments of the task, as JSON. */
          readonly kwargs: Kwargs;
        });

/** A task, its arguments and when to run it. The arguments are typed by the task; those of a mere name are not. */
export type ScheduleDefinition<
  Args extends readonly unknown[] = readonly unknown[],
  Kwargs = unknown,
> = ScheduleOptions & {
  /** What `app.task()` or `defineTask()` returned, or the name of a task that is registered in this process. */
  readonly task: TaskContract<Args, unknown, Kwargs> | string;
} & NoInfer<ScheduledCall<Args, Kwargs>> &
  ScheduleTiming;

/** The options of `scheduleCron` and its like: needed when there are arguments to pass. */
export type ScheduleOptionsParameter<Args extends readonly unknown[], Kwargs, More = unknown> =
  Record<never, never> extends ScheduledCall<Args, Kwargs>
    ? [options?: ScheduleOptions & NoInfer<ScheduledCall<Args, Kwargs>> & More]
    : [options: ScheduleOptions & NoInfer<ScheduledCall<Args, Kwargs>> & More];

/**
 * A schedule as code, with the arguments typed by its task. It only says so: `plan` and `apply` check it and bring it
 * into the store.
 *
 * @example
 * const nightly = defineSchedule({ id: 'nightly', task: report, cron: '0 3 * * *', timeZone: 'Europe/Paris', args: ['all'] });
 * await scheduler.apply([nightly], { owner: 'billing' });
 */
export function defineSchedule<Args extends readonly unknown[], Kwargs>(
  definition: ScheduleDefinition<Args, Kwargs>,
): ScheduleDefinition {
  // Typed by its task it is narrower than one of any task; the arguments are checked again before they are stored.
  return definition as ScheduleDefinition;
}
