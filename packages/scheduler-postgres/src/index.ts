import { type PostgreSQLOptions, PostgreSQLSchedulerBackend } from './postgres-scheduler-backend.js';

export { type PostgreSQLOptions, PostgreSQLSchedulerBackend } from './postgres-scheduler-backend.js';

/** How `getSchedulerBackend` makes backends of this package. */
export const schedulerProvider = {
  createSchedulerBackend: (url: string, options: PostgreSQLOptions = {}): PostgreSQLSchedulerBackend =>
    new PostgreSQLSchedulerBackend(url, options),
};
