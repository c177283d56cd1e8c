import { ArgumentError, ConfigError, checkInteger, checkOptions } from '@flowrra/core';
import { checkKysely, SQL_OPTIONS, type SqlOptions, SqlSchedulerBackend } from '@flowrra/scheduler/sql';
import type { Kysely } from 'kysely';
import type { Pool } from 'pg';
import { PostgresDialect, type PostgresTarget } from './postgres-dialect.js';
import { parsePostgresUrl } from './postgres-url.js';

/** Options of `PostgreSQLSchedulerBackend`. */
export interface PostgreSQLSchedulerOptions extends SqlOptions {
  /** Most connections at a time, besides one that listens for changes. Default 10. Not together with a ready pool. */
  readonly poolSize?: number | undefined;
}

/**
 * Keeps schedules in PostgreSQL, 12 or later. Opens nothing before the first call, which makes its tables.
 *
 * A pool that is passed in is used and not ended; so is a Kysely instance, but then changes of other processes are
 * looked for every 5 s, as there is no address for a connection that listens.
 *
 * @example
 * const backend = new PostgreSQLSchedulerBackend('postgresql://user:password@localhost:5432/app');
 */
export class PostgreSQLSchedulerBackend extends SqlSchedulerBackend {
  /**
   * @param target an address such as `postgresql://user:password@localhost:5432/app`, a `pg.Pool`, or a Kysely instance
   * @throws InvalidUrlError when the address is malformed or has a parameter that is not allowed
   * @throws ConfigError when an option is wrong, or the Kysely instance has a schema by `withSchema`
   */
  // biome-ignore lint/suspicious/noExplicitAny: a user's Kysely has tables of its own, which do not matter here
  constructor(target: string | Pool | Kysely<any>, options: PostgreSQLSchedulerOptions = {}) {
    const { poolSize, ...common } = checkOptions<PostgreSQLSchedulerOptions>(options, '', [...SQL_OPTIONS, 'poolSize']);
    super(makeDialect(target, poolSize), common);
  }
}

function makeDialect(target: string | object, poolSize: number | undefined): PostgresDialect {
  if (typeof target === 'string') {
    const config = parsePostgresUrl(target);
    const size = checkInteger(poolSize ?? 10, 'poolSize', { min: 1, max: 1_000 });
    return new PostgresDialect(
      { config, poolSize: size },
      `PostgreSQL at ${config.host}:${config.port}/${config.database}`,
    );
  }
  if (poolSize !== undefined) {
    throw new ConfigError('poolSize', 'poolSize is for an address: a pool that is passed in has its own size.');
  }
  return new PostgresDialect(readyTarget(target), 'PostgreSQL');
}

function readyTarget(target: object): PostgresTarget {
  const has = (...names: string[]) => target instanceof Object && names.every((name) => name in target);
  // By what they can do: a Kysely or a pg of another version is as good.
  if (has('selectFrom', 'withoutPlugins')) return { db: checkKysely(target as Kysely<unknown>) };
  if (has('connect', 'totalCount')) return { pool: target as Pool };
  throw new ArgumentError('target', 'target must be a postgresql: address, a pg.Pool or a Kysely instance.');
}
