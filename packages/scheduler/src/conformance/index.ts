export {
  describeSchedulerBackend,
  type SchedulerBackendNeed,
  type SchedulerBackendSubject,
  type SchedulerBackendWorld,
} from './describe-scheduler-backend.js';
