import type { Page } from '../backends/base-result-backend.js';
import type { Service } from '../middleware.js';
import type { Firing } from './firing.js';
import type { ScheduleFilter } from './schedule-change.js';
import type { ScheduledTask } from './scheduled-task.js';

/** Why a schedule did or did not run at an instant. */
export interface Explanation {
  /**
   * What the ledger says of the slot (`submitted`, `claimed`, `skipped`, `passed-over`, `unknown`), or why it says
   * nothing: `upcoming`; `due`, but not claimed yet; `not-a-slot`; `not-recorded`, because the ledger was shortened, or the
   * schedule was disabled or did not exist then, or, of a slot to come, because it will not run as things are;
   * `not-found`: there is no such schedule.
   */
  readonly outcome: Firing['state'] | 'passed-over' | 'upcoming' | 'due' | 'not-a-slot' | 'not-recorded' | 'not-found';
  /** The same for people, in a sentence or two. */
  readonly text: string;
  readonly firing: Firing | null;
}

/** Whether a scheduler fires, and why not. */
export interface SchedulerHealth {
  /** False before the start, after the stop, and from three failed rounds in a row until the next one that works. */
  readonly firing: boolean;
  /** The last round that worked; null when none did yet. */
  readonly lastRound: Date | null;
  /** What went wrong in the last round, in the store of schedules or in the broker; null when nothing did. */
  readonly error: Error | null;
}

/** The port behind `app.scheduler`: what the app, a CLI or a dashboard may ask of an attached scheduler. */
export interface ScheduleService extends Service {
  /** The schedule, or null when there is none. */
  get(id: string): Promise<ScheduledTask | null>;
  /** Those that match, by id; default all. */
  list(filter?: ScheduleFilter): Promise<ScheduledTask[]>;
  /** Lets a schedule fire again, from its first slot after now. @throws ScheduleNotFoundError */
  enable(id: string): Promise<void>;
  /** From when this resolves, no slot is claimed. @throws ScheduleNotFoundError */
  disable(id: string): Promise<void>;
  /** Removes a schedule; its history stays until it is too old. @returns false when there was none */
  unschedule(id: string): Promise<boolean>;
  /** Runs the schedule's task once, now, also when it is disabled. @returns the task's id @throws ScheduleNotFoundError */
  trigger(id: string): Promise<string>;
  /** The next `count` slots. @throws ScheduleNotFoundError */
  preview(id: string, count: number): Promise<Date[]>;
  /** The ledger of one schedule, newest first. */
  history(id: string, page?: Page): Promise<Firing[]>;
  /** Why the schedule did or did not run at that instant. */
  explain(id: string, instant: Date): Promise<Explanation>;
  /** Whether slots fire just now; opens nothing. */
  health(): SchedulerHealth;
}

/** Whether a service is a scheduler. */
export function isScheduleService(service: Service): service is ScheduleService {
  return 'trigger' in service && 'preview' in service;
}
