import { ConfigError, checkOptions } from '@flowrra/core';
import { checkKysely, SQL_OPTIONS, type SqlOptions, SqlSchedulerBackend } from '@flowrra/scheduler/sql';
import { isKysely, SqliteDialect, type SqliteTarget } from './sqlite-dialect.js';

/** Options of `SQLiteSchedulerBackend`. */
export type SQLiteSchedulerOptions = SqlOptions;

/**
 * Keeps schedules and their ledger in one SQLite file, which several processes of one machine may share.
 *
 * Own files are opened in WAL mode with `synchronous = FULL`; waiting for a lock of another process never blocks the
 * event loop. A database or Kysely instance that is passed in keeps its settings and stays open: give a better-sqlite3
 * database `timeout: 0`, or else a lock of another process stops the event loop for as long as that timeout.
 *
 * @example
 * new Scheduler(app, { backend: new SQLiteSchedulerBackend('/var/lib/app/schedule.db') });
 */
export class SQLiteSchedulerBackend extends SqlSchedulerBackend {
  /**
   * @param target a path; `:memory:` for a database of this instance alone; or a better-sqlite3 database or Kysely
   *   instance. Default `.flowrra_schedule.db`, in the working folder
   * @throws ConfigError when the target or an option is wrong, or the Kysely instance has a schema by `withSchema`; opens
   *   nothing
   */
  constructor(target: SqliteTarget = '.flowrra_schedule.db', options: SQLiteSchedulerOptions = {}) {
    super(new SqliteDialect(checkTarget(target)), checkOptions<SqlOptions>(options, '', SQL_OPTIONS));
  }
}

function checkTarget(target: unknown): SqliteTarget {
  if (typeof target === 'string' && target.trim() !== '' && !target.includes('\0')) return target;
  if (isKysely(target)) return checkKysely(target) as SqliteTarget;
  if (isDatabase(target)) return target as SqliteTarget;
  throw new ConfigError('path', 'Pass the path of a SQLite file, a better-sqlite3 Database or a Kysely instance.');
}

/** A database of another copy of better-sqlite3 is one as well. */
function isDatabase(target: unknown): boolean {
  return typeof target === 'object' && target !== null && 'prepare' in target && 'pragma' in target && 'name' in target;
}
