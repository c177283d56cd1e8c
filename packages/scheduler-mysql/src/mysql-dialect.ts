import { createHash } from 'node:crypto';
import { BackendError, type FlowrraError, StoreUnavailableError } from '@flowrra/core';
import {
  type Cell,
  type CellTable,
  rawTransaction,
  type SqlContext,
  type SqlDialect,
  type SqlErrorKind,
  type SqlTables,
} from '@flowrra/scheduler/sql';
import { Kysely, MysqlDialect as KyselyMysqlDialect, type RawBuilder, sql } from 'kysely';
import { type ConnectionOptions, createPool, type Pool } from 'mysql2';
import { type GuardedPool, guardedPool } from './guarded-pool.js';
import { isIndexThere, kindOfMySQLError, translateMySQLError } from './mysql-errors.js';
import { checkVersion } from './server-version.js';

/** Seconds after which the server ends a session that leaves its transaction alone. */
const IDLE_LIMIT = 5;
/** Seconds that one statement may take, and that it may wait for a lock. */
const STATEMENT_LIMIT = 9;
const LOCK_LIMIT = 3;
const MIGRATION_LOCK_LIMIT = 8;
const CONNECT_TIMEOUT = 5_000;
/** Characters of a text beyond which it is no varchar while rows are handed over. */
const WIDEST_VARCHAR = 1_000;

/** Byte by byte, the blanks at the end included; each server has its own name for that, and takes the other for a comment. */
const COLLATE = 'collate /*M!100200 utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */';
const COLLATION = sql.raw(COLLATE);
const TEXT = `character set utf8mb4 ${COLLATE}`;
/** MariaDB's JSON is a text with a check, which refuses the deepest nesting that arguments may have. */
const JSON_TYPE = '/*M!100200 longtext character set utf8mb4 collate utf8mb4_nopad_bin */ /*!80017 json */';

/** Where the database is: an address to make a pool for, or a pool or Kysely instance of the user's. */
export type MySQLTarget =
  | { readonly config: ConnectionOptions; readonly poolSize: number }
  | { readonly pool: Pool }
  | { readonly db: Kysely<unknown> };

/** For the tables: of the engines only this one has transactions and locks of rows, and it need not be the default. */
const ENGINE = 'default_storage_engine = InnoDB';

/**
 * Of every session. What only one of the two servers knows, the other one takes for a comment. The guards against careless
 * statements would cut lists, and refuse to remove all.
 */
const SETTINGS = [
  `set session time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    innodb_lock_wait_timeout = ${LOCK_LIMIT}, ${ENGINE},
    sql_select_limit = 18446744073709551615, sql_safe_updates = 0, sql_big_selects = 1
    /*M!100300 , idle_transaction_timeout = ${IDLE_LIMIT}, max_statement_time = ${STATEMENT_LIMIT} */
    /*!80000 , max_execution_time = ${STATEMENT_LIMIT * 1_000} */`,
  'set session transaction isolation level read committed',
];

export class MySQLDialect implements SqlDialect {
  readonly label: string;
  readonly columnTypes = {
    id: sql.raw(`varchar(255) ${TEXT}`),
    text: sql.raw(`longtext ${TEXT}`),
    json: sql.raw(JSON_TYPE),
    integer: sql`bigint`,
    flag: sql`tinyint`,
  };
  // Without a detour over the session's time zone, which has no hour for some instants and two for others.
  readonly now = sql<number>`(timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000)`;
  readonly rowLocks = true;
  readonly changesByRowsIn = 'join';
  readonly #target: MySQLTarget;
  #pool: Pool | null = null;
  #guarded: GuardedPool | null = null;
  /** MySQL has no limit for transactions that are left alone, only one for sessions. */
  #limitsSession = false;

  constructor(target: MySQLTarget, label: string) {
    this.#target = target;
    this.label = label;
  }

  async connect(_context: SqlContext): Promise<Kysely<SqlTables>> {
    // Plugins may rename columns, which the queries name themselves.
    if ('db' in this.#target) return this.#target.db.withoutPlugins() as Kysely<SqlTables>;
    this.#pool ??= 'pool' in this.#target ? this.#target.pool : makePool(this.#target);
    this.#guarded ??= guardedPool(this.#pool, SETTINGS, !('pool' in this.#target));
    return new Kysely({ dialect: new KyselyMysqlDialect({ pool: this.#guarded }) });
  }

  async checkServer(db: Kysely<SqlTables>): Promise<void> {
    const { rows } = await sql<{ version: string; readOnly: unknown; mode: string; charsets: string }>`
      select version() as version, @@global.read_only as readOnly, @@session.sql_mode as mode,
        concat_ws(' ', @@character_set_client, @@character_set_connection, @@character_set_results) as charsets`.execute(
      db,
    );
    const [server] = rows;
    if (!server) throw new BackendError(`${this.label} does not say what it is.`);
    this.#limitsSession = checkVersion(server.version, this.label) === 'MySQL';
    if (['1', 'ON'].includes(String(server.readOnly))) {
      throw new StoreUnavailableError(`${this.label} is read-only: a replica, or set so. Connect to the primary.`);
    }
    // mysql2 escapes values by backslashes; here that would let a value end its text.
    if (server.mode.includes('NO_BACKSLASH_ESCAPES')) {
      throw new BackendError(
        `${this.label} has NO_BACKSLASH_ESCAPES in sql_mode. Take it out of the session's sql_mode.`,
      );
    }
    // Not for us to mend by `set names`: the driver itself encodes in the charset that it was given.
    const lossy = server.charsets.split(' ').find((charset) => charset !== 'utf8mb4');
    if (lossy !== undefined) {
      throw new BackendError(
        `${this.label} is spoken to in ${lossy}, which loses letters. Make the pool with charset: 'utf8mb4'.`,
      );
    }
  }

  async close(): Promise<void> {
    const [pool, guarded] = [this.#pool, this.#guarded];
    this.#pool = null;
    this.#guarded = null;
    guarded?.endInUse();
    if (pool && !('pool' in this.#target)) await pool.promise().end();
  }

  rows({ columns, rows, shared }: CellTable): RawBuilder<unknown> {
    const cells = columns.map(({ name, kind }, index) => {
      const type = kind === 'integer' || kind === 'flag' ? this.columnTypes[kind] : textType(rows, index);
      return sql`${sql.ref(name)} ${type} path ${sql.lit(`$[${index}]`)}`;
    });
    const values = shared.map(({ name, kind, value }) => {
      const isText = kind === 'id' || kind === 'text';
      return sql`${isText ? sql`convert(${value} using utf8mb4) ${COLLATION}` : value} as ${sql.ref(name)}`;
    });
    return sql`(select ${sql.join([sql`cells.*`, ...values])}
      from json_table(${JSON.stringify(rows)}, '$[*]' columns (${sql.join(cells)})) as cells)`;
  }

  isOneOf(column: RawBuilder<unknown>, ids: readonly string[]): RawBuilder<boolean> {
    return sql`${column} in (${sql.join(ids)})`;
  }

  transaction<T>(db: Kysely<SqlTables>, work: (trx: Kysely<SqlTables>) => Promise<T>): Promise<T> {
    // The pool's sessions are set up already; those of a Kysely instance come from elsewhere.
    const settings = 'db' in this.#target ? SETTINGS : [];
    const begin = [...settings, 'start transaction'];
    if (!this.#limitsSession) return rawTransaction(db, begin, work);
    const end = ['set session wait_timeout = default'];
    return rawTransaction(db, [`set session wait_timeout = ${IDLE_LIMIT}`, ...begin], work, end);
  }

  withMigrationLock(
    db: Kysely<SqlTables>,
    tablePrefix: string,
    work: (connection: Kysely<SqlTables>) => Promise<void>,
  ): Promise<void> {
    const hash = createHash('sha256').update(tablePrefix).digest('hex').slice(0, 16);
    // These locks are the server's, not the database's; a name has 64 characters at most.
    const name = sql`concat('flowrra-', ${hash}, '-', left(md5(database()), 16))`;
    return db.connection().execute(async (connection) => {
      const { rows } = await sql<{ got: number | null }>`
        select get_lock(${name}, ${sql.lit(MIGRATION_LOCK_LIMIT)}) as got`.execute(connection);
      if (Number(rows[0]?.got) !== 1) {
        throw new StoreUnavailableError(
          `${this.label}: another process has been making the tables for ${MIGRATION_LOCK_LIMIT} s. Try again.`,
        );
      }
      try {
        await sql.raw(`set session ${ENGINE}`).execute(connection);
        await work(connection);
      } finally {
        // Where the connection is lost, the lock is too.
        await sql`select release_lock(${name})`.execute(connection).catch(() => {});
      }
    });
  }

  kindOfError(err: unknown): SqlErrorKind {
    return kindOfMySQLError(err);
  }

  translateError(err: unknown): FlowrraError {
    return translateMySQLError(err, this.label);
  }

  isIndexThere(err: unknown): boolean {
    return isIndexThere(err);
  }
}

/**
 * As wide as the longest text and no wider: what does not fit would be cut without a word, and for wide columns the server
 * puts the rows into a file. What is too long for a column of the tables is refused there.
 */
function textType(rows: readonly (readonly Cell[])[], index: number): RawBuilder<unknown> {
  const longest = rows.reduce((most, row) => Math.max(most, String(row[index] ?? '').length), 1);
  return sql.raw(`${longest > WIDEST_VARCHAR ? 'longtext' : `varchar(${longest})`} ${TEXT}`);
}

function makePool({ config, poolSize }: { config: ConnectionOptions; poolSize: number }): Pool {
  return createPool({
    ...config,
    connectionLimit: poolSize,
    connectTimeout: CONNECT_TIMEOUT,
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    // Beyond 2^53 a number would not be the one that is stored.
    supportBigNumbers: true,
    multipleStatements: false,
    flags: ['-LOCAL_FILES'],
  });
}
