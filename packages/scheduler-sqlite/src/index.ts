import { SQLiteSchedulerBackend, type SQLiteSchedulerOptions } from './sqlite-scheduler-backend.js';
import { parseSqliteUrl } from './sqlite-url.js';

export type { SqliteTarget } from './sqlite-dialect.js';
export { SQLiteSchedulerBackend, type SQLiteSchedulerOptions };

/** How `getSchedulerBackend` makes backends of this package. */
export const schedulerProvider = {
  createSchedulerBackend: (url: string, options: SQLiteSchedulerOptions = {}): SQLiteSchedulerBackend =>
    new SQLiteSchedulerBackend(parseSqliteUrl(url), options),
};
