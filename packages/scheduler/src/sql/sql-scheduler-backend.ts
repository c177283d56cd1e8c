import { BaseSchedulerBackend } from '@flowrra/core';
import type { SqlDialect } from './sql-dialect.js';
import type { SqlOptions } from './sql-options.js';

/** Schedules and their ledger in a SQL database, through Kysely. An engine adds a `SqlDialect`, and no query. */
export abstract class SqlSchedulerBackend extends BaseSchedulerBackend {
  override readonly supports = { claims: true };

  /** @throws ConfigError when an option is wrong; opens nothing */
  constructor(_dialect: SqlDialect, _options: SqlOptions = {}) {
    super();
  }
}
