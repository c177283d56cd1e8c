import { MySQLSchedulerBackend, type MySQLSchedulerOptions } from './mysql-scheduler-backend.js';

export { MySQLSchedulerBackend, type MySQLSchedulerOptions } from './mysql-scheduler-backend.js';

/** How `getSchedulerBackend` makes backends of this package. */
export const schedulerProvider = {
  createSchedulerBackend: (url: string, options: MySQLSchedulerOptions = {}): MySQLSchedulerBackend =>
    new MySQLSchedulerBackend(url, options),
};
