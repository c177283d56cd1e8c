import { createHash } from 'node:crypto';
import { BackendError, type FlowrraError, StoreUnavailableError } from '@flowrra/core';
import {
  type CellTable,
  type ChangeListener,
  rawTransaction,
  type SqlContext,
  type SqlDialect,
  type SqlErrorKind,
  type SqlTables,
} from '@flowrra/scheduler/sql';
import { Kysely, PostgresDialect as KyselyPostgresDialect, type RawBuilder, sql } from 'kysely';
import { type ClientConfig, Pool } from 'pg';
import { ChangeChannel, channelName } from './change-channel.js';
import { GuardedPool } from './guarded-pool.js';
import { kindOfPostgresError, translatePostgresError } from './postgres-errors.js';

/** Milliseconds after which the server ends a session that leaves its transaction alone. */
const IDLE_LIMIT = 5_000;
/** Milliseconds that one statement may take, and that it may wait for a lock. */
const STATEMENT_LIMIT = 9_000;
const LOCK_LIMIT = 8_000;
/**
 * Of sessions of our own, for what is read outside of transactions: who gives up waiting for an answer ends the connection,
 * which a server that waits for a lock does not notice. Not asked for at the start, where poolers refuse it.
 */
const SESSION = `set statement_timeout = ${STATEMENT_LIMIT}; set lock_timeout = ${LOCK_LIMIT}`;
const CONNECT_TIMEOUT = 5_000;
/** Longer than a node sleeps when nothing is due: it looks over a session that is there. */
const IDLE_TIMEOUT = 90_000;
/** What is used here is older; what is older still gets no security fixes since 2024. */
const OLDEST = 12;

/** Where the database is: an address to make a pool for, or a pool or Kysely instance of the user's. */
export type PostgresTarget =
  | { readonly config: ClientConfig; readonly poolSize: number }
  | { readonly pool: Pool }
  | { readonly db: Kysely<unknown> };

export class PostgresDialect implements SqlDialect {
  readonly label: string;
  readonly columnTypes = {
    // Ordered and compared byte by byte, whatever the database's locale.
    id: sql`varchar(255) collate "C"`,
    text: sql`text collate "C"`,
    json: sql`jsonb`,
    integer: sql`bigint`,
    flag: sql`smallint`,
  };
  // A subselect is evaluated once, so that a comparison with it can use an index.
  readonly now = sql<number>`(select floor(extract(epoch from clock_timestamp()) * 1000)::bigint)`;
  readonly rowLocks = true;
  readonly changesByRowsIn = 'subselect';
  watchChanges?: NonNullable<SqlDialect['watchChanges']>;
  readonly #target: PostgresTarget;
  readonly #channels = new Set<ChangeChannel>();
  #pool: Pool | null = null;
  #guarded: GuardedPool | null = null;
  #idleLimit = IDLE_LIMIT;

  constructor(target: PostgresTarget, label: string) {
    this.#target = target;
    this.label = label;
    // A connection of one's own to listen on takes an address, which a Kysely instance does not tell.
    if (!('db' in target)) this.watchChanges = (_db, context, listener) => this.#watch(context, listener);
  }

  async connect({ logger }: SqlContext): Promise<Kysely<SqlTables>> {
    // Plugins may rename columns, which the queries name themselves.
    if ('db' in this.#target) return this.#target.db.withoutPlugins() as Kysely<SqlTables>;
    this.#pool ??= 'pool' in this.#target ? this.#target.pool : makePool(this.#target);
    this.#guarded ??= new GuardedPool(this.#pool, this.#session, (err) =>
      logger.debug({ err }, `${this.label} ended an idle connection.`),
    );
    return new Kysely({ dialect: new KyselyPostgresDialect({ pool: this.#guarded }) });
  }

  async checkServer(db: Kysely<SqlTables>): Promise<void> {
    const { rows } = await sql<{ version: unknown; replica: unknown; idle: unknown }>`
      select current_setting('server_version_num') as version, pg_is_in_recovery()::int as replica,
        extract(epoch from current_setting('idle_in_transaction_session_timeout')::interval) * 1000 as idle`.execute(
      db,
    );
    const [server] = rows;
    if (!server) throw new BackendError(`${this.label} does not say what it is.`);
    if (Number(server.version) < OLDEST * 10_000) {
      throw new BackendError(`${this.label} is older than PostgreSQL ${OLDEST}. Upgrade it.`);
    }
    if (Number(server.replica) === 1) {
      throw new StoreUnavailableError(`${this.label} is a read-only replica. Connect to the primary.`);
    }
    // An operator's own limit stands when it is stricter.
    this.#idleLimit = Math.min(IDLE_LIMIT, Number(server.idle) || IDLE_LIMIT);
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.end();
    this.#channels.clear();
    const [pool, guarded] = [this.#pool, this.#guarded];
    this.#pool = null;
    this.#guarded = null;
    guarded?.endInUse();
    if (!('pool' in this.#target)) await pool?.end();
    guarded?.detach();
  }

  rows({ columns, rows, shared }: CellTable): RawBuilder<unknown> {
    const arrays = columns.map(({ kind }, index) => {
      const values = rows.map((row) => row[index]);
      return sql`${values}::${CELL_TYPES[kind]}[]`;
    });
    const names = sql.join(columns.map(({ name }) => sql.ref(name)));
    const values = shared.map(({ name, kind, value }) => sql`${value}::${CELL_TYPES[kind]} as ${sql.ref(name)}`);
    // `offset 0` keeps them rows to be looked up: a shared value would become a condition on the table, for which the
    // planner reads all of it, and compares what it finds with each row.
    return sql`(select ${sql.join([sql`cells.*`, ...values])} from unnest(${sql.join(arrays)}) as cells (${names})
      offset 0)`;
  }

  isOneOf(column: RawBuilder<unknown>, ids: readonly string[]): RawBuilder<boolean> {
    return sql`${column} = any(${ids})`;
  }

  transaction<T>(db: Kysely<SqlTables>, work: (trx: Kysely<SqlTables>) => Promise<T>): Promise<T> {
    // In one message. Set for the transaction only: the session may be a user's, or a pooler's.
    const begin = [
      'begin isolation level read committed',
      // What joins given rows looks each up by the index. The planner would rather read a table that looks small to it.
      'set local enable_hashjoin = off',
      'set local enable_mergejoin = off',
      `set local idle_in_transaction_session_timeout = ${this.#idleLimit}`,
      `set local statement_timeout = ${STATEMENT_LIMIT}`,
      `set local lock_timeout = ${LOCK_LIMIT}`,
    ].join('; ');
    return rawTransaction(db, [begin], work);
  }

  withMigrationLock(
    db: Kysely<SqlTables>,
    tablePrefix: string,
    work: (connection: Kysely<SqlTables>) => Promise<void>,
  ): Promise<void> {
    const key = createHash('sha256').update(`flowrra ${tablePrefix}`).digest().readBigInt64BE();
    return db.connection().execute(async (connection) => {
      // Settings of the session, since the Migrator's transaction is its own.
      await sql`set lock_timeout = ${sql.lit(LOCK_LIMIT)}`.execute(connection);
      await sql`set idle_in_transaction_session_timeout = ${sql.lit(this.#idleLimit)}`.execute(connection);
      try {
        await sql`select pg_advisory_lock(${key})`.execute(connection);
        await work(connection);
      } finally {
        const undo = ['reset lock_timeout', 'reset idle_in_transaction_session_timeout', this.#session ?? []].flat();
        // Where the connection is lost, all of it is undone anyway.
        await sql
          .raw([`select pg_advisory_unlock(${key})`, ...undo].join('; '))
          .execute(connection)
          .catch(() => {});
      }
    });
  }

  kindOfError(err: unknown): SqlErrorKind {
    return kindOfPostgresError(err);
  }

  translateError(err: unknown): FlowrraError {
    return translatePostgresError(err, this.label);
  }

  async notifyChange(trx: Kysely<SqlTables>, tablePrefix: string, self: string): Promise<void> {
    await sql`select pg_notify(${channelName(tablePrefix)}, ${self})`.execute(trx);
  }

  /** What sessions are set to; null where they are the user's. */
  get #session(): string | null {
    return 'config' in this.#target ? SESSION : null;
  }

  #watch({ tablePrefix, logger }: SqlContext, listener: ChangeListener): () => void {
    const config = 'pool' in this.#target ? this.#target.pool.options : 'config' in this.#target && this.#target.config;
    const channel = new ChangeChannel(config || {}, tablePrefix, listener, logger);
    this.#channels.add(channel);
    return () => {
      channel.end();
      this.#channels.delete(channel);
    };
  }
}

/** While rows are handed over: a column's own type would cut a text that is too long, and not refuse it. */
const CELL_TYPES = {
  id: sql`text`,
  text: sql`text`,
  json: sql`jsonb`,
  integer: sql`bigint`,
  flag: sql`smallint`,
};

function makePool({ config, poolSize }: { config: ClientConfig; poolSize: number }): Pool {
  return new Pool({
    ...config,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    idleTimeoutMillis: IDLE_TIMEOUT,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    allowExitOnIdle: true,
  });
}
