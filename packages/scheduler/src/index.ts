// The scheduler

export { Scheduler } from './scheduler.js';
export type { SchedulerBackendConfig, SchedulerOptions } from './scheduler-options.js';

// Schedules

export type { PlannedChange, PlannedSchedule, PlanOptions, SchedulePlan } from './registration/declared-schedules.js';
export type { ChangedField } from './registration/schedule-changes.js';
export {
  defineSchedule,
  type ScheduleDefinition,
  type ScheduledCall,
  type ScheduleOptions,
  type ScheduleOptionsParameter,
  type ScheduleTiming,
} from './registration/schedule-definition.js';
export { ScheduleOwnedError } from './registration/schedule-owned-error.js';
export { ScheduleDamagedError } from './schedule-damaged-error.js';

// Stores of schedules

export { getSchedulerBackend, type SchedulerProvider } from './get-scheduler-backend.js';
export { InMemorySchedulerBackend } from './in-memory/in-memory-scheduler-backend.js';

// For authors of stores

export { checkStorable } from './check-storable.js';
export { definitionHash, type ScheduleIdentity } from './schedule-identity.js';
