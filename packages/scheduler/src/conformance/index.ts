export {
  describeSchedulerBackend,
  type SchedulerBackendNeed,
  type SchedulerBackendSubject,
  type SchedulerBackendWorld,
} from './describe-scheduler-backend.js';
export { decision as sampleDecision, sampleSchedule } from './sample-schedules.js';
