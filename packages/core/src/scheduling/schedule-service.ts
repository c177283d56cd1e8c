import type { Page } from '../backends/base-result-backend.js';
import type { Service } from '../middleware.js';
import type { Firing } from './base-scheduler-backend.js';
import type { ScheduledTask } from './scheduled-task.js';

/** The port behind `app.scheduler`: what the app, a CLI or a dashboard may ask of an attached scheduler. */
export interface ScheduleService extends Service {
  get(id: string): Promise<ScheduledTask | null>;
  list(page?: Page): Promise<ScheduledTask[]>;
  /** @throws ScheduleNotFoundError */
  enable(id: string): Promise<void>;
  /** @throws ScheduleNotFoundError */
  disable(id: string): Promise<void>;
  /** @returns false when there was none */
  unschedule(id: string): Promise<boolean>;
  /** Runs the schedule's task once, now. @returns the task's id */
  trigger(id: string): Promise<string>;
  /** The next `count` slots. */
  preview(id: string, count: number): Promise<Date[]>;
  /** The ledger of one schedule, newest first. */
  history(id: string, page?: Page): Promise<Firing[]>;
  /** Why the schedule did or did not run at that instant. */
  explain(id: string, instant: Date): Promise<string>;
}

/** Whether a service is a scheduler. */
export function isScheduleService(service: Service): service is ScheduleService {
  return 'trigger' in service && 'preview' in service;
}
