import { PostgreSQLSchedulerBackend, type PostgreSQLSchedulerOptions } from './postgres-scheduler-backend.js';

export { PostgreSQLSchedulerBackend, type PostgreSQLSchedulerOptions } from './postgres-scheduler-backend.js';

/** How `getSchedulerBackend` makes backends of this package. */
export const schedulerProvider = {
  createSchedulerBackend: (url: string, options: PostgreSQLSchedulerOptions = {}): PostgreSQLSchedulerBackend =>
    new PostgreSQLSchedulerBackend(url, options),
};
