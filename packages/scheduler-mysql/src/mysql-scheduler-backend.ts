import { ArgumentError, ConfigError, checkInteger, checkOptions } from '@flowrra/core';
import { checkKysely, SQL_OPTIONS, type SqlOptions, SqlSchedulerBackend } from '@flowrra/scheduler/sql';
import type { Kysely } from 'kysely';
import type { Pool } from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';
import { MySQLDialect, type MySQLTarget } from './mysql-dialect.js';
import { parseMySQLUrl } from './mysql-url.js';

/** Options of `MySQLSchedulerBackend`. */
export interface MySQLSchedulerOptions extends SqlOptions {
  /** Most connections at a time. Default 10. Not together with a ready pool. */
  readonly poolSize?: number | undefined;
}

/**
 * Keeps schedules in MySQL (8.0.17 or later) or MariaDB (10.6 or later). Opens nothing before the first call, which makes
 * its tables. Changes of other processes are looked for every 5 s.
 *
 * A pool that is passed in is used and not ended. Its sessions are set to UTC, strict mode, READ COMMITTED and limits of
 * time: give Flowrra a pool of its own. A Kysely instance is set so at every transaction.
 *
 * @example
 * const backend = new MySQLSchedulerBackend('mysql://user:password@localhost:3306/app');
 */
export class MySQLSchedulerBackend extends SqlSchedulerBackend {
  /**
   * @param target an address such as `mysql://user:password@localhost:3306/app`, a pool of mysql2 (with callbacks or
   * promises), or a Kysely instance
   * @throws InvalidUrlError when the address is malformed or has a parameter that is not allowed
   * @throws ConfigError when an option is wrong, or the Kysely instance has a schema by `withSchema`
   */
  // biome-ignore lint/suspicious/noExplicitAny: a user's Kysely has tables of its own, which do not matter here
  constructor(target: string | Pool | PromisePool | Kysely<any>, options: MySQLSchedulerOptions = {}) {
    const { poolSize, ...common } = checkOptions<MySQLSchedulerOptions>(options, '', [...SQL_OPTIONS, 'poolSize']);
    super(makeDialect(target, poolSize), common);
  }
}

function makeDialect(target: string | object, poolSize: number | undefined): MySQLDialect {
  if (typeof target === 'string') {
    const config = parseMySQLUrl(target);
    const size = checkInteger(poolSize ?? 10, 'poolSize', { min: 1, max: 1_000 });
    const engine = /^mariadb:/i.test(target) ? 'MariaDB' : 'MySQL';
    return new MySQLDialect(
      { config, poolSize: size },
      `${engine} at ${config.host}:${config.port}/${config.database}`,
    );
  }
  if (poolSize !== undefined) {
    throw new ConfigError('poolSize', 'poolSize is for an address: a pool that is passed in has its own size.');
  }
  return new MySQLDialect(readyTarget(target), 'MySQL');
}

function readyTarget(target: object): MySQLTarget {
  const has = (...names: string[]) => target instanceof Object && names.every((name) => name in target);
  // By what they can do: a Kysely or a mysql2 of another version is as good.
  if (has('selectFrom', 'withoutPlugins')) return { db: checkKysely(target as Kysely<unknown>) };
  if (has('getConnection')) {
    // A pool of mysql2/promise is a shell around one with callbacks.
    return { pool: 'pool' in target ? (target as unknown as { pool: Pool }).pool : (target as Pool) };
  }
  throw new ArgumentError(
    'target',
    'target must be a mysql: or mariadb: address, a pool of mysql2 or a Kysely instance.',
  );
}
