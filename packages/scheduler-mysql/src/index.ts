import { type MySQLOptions, MySQLSchedulerBackend } from './mysql-scheduler-backend.js';

export { type MySQLOptions, MySQLSchedulerBackend } from './mysql-scheduler-backend.js';

/** How `getSchedulerBackend` makes backends of this package. */
export const schedulerProvider = {
  createSchedulerBackend: (url: string, options: MySQLOptions = {}): MySQLSchedulerBackend =>
    new MySQLSchedulerBackend(url, options),
};
