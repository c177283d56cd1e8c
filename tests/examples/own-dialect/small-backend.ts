import { BackendError, FlowrraError } from '@flowrra/core';
import {
  type CellTable,
  rawTransaction,
  type SqlDialect,
  type SqlErrorKind,
  type SqlOptions,
  SqlSchedulerBackend,
  type SqlTables,
} from '@flowrra/scheduler/sql';
import Database from 'better-sqlite3';
import { Kysely, type RawBuilder, SqliteDialect, sql } from 'kysely';

/** What one engine does in its own way: here SQLite, in as few lines as can be. */
class SmallDialect implements SqlDialect {
  readonly label: string;
  readonly columnTypes = { id: sql`text`, text: sql`text`, json: sql`text`, integer: sql`integer`, flag: sql`integer` };
  readonly now = null; // no server, no clock of its own
  readonly rowLocks = false; // a transaction holds the whole database
  readonly changesByRowsIn = 'subselect';
  #db: Kysely<SqlTables> | undefined;

  constructor(readonly path: string) {
    this.label = `SQLite file ${path}`;
  }

  async connect(): Promise<Kysely<SqlTables>> {
    await this.close(); // what a failed opening left
    this.#db = new Kysely({ dialect: new SqliteDialect({ database: new Database(this.path, { timeout: 0 }) }) });
    return this.#db;
  }

  async checkServer(): Promise<void> {} // servers have versions, and may be read-only

  async close(): Promise<void> {
    await this.#db?.destroy();
    this.#db = undefined;
  }

  rows({ columns, rows, shared }: CellTable): RawBuilder<unknown> {
    const cells = columns.map(({ name }, i) => sql`value ->> ${sql.lit(i)} as ${sql.ref(name)}`);
    const values = shared.map(({ name, value }) => sql`${value} as ${sql.ref(name)}`);
    return sql`(select ${sql.join([...cells, ...values])} from json_each(${JSON.stringify(rows)}))`;
  }

  isOneOf(column: RawBuilder<unknown>, ids: readonly string[]): RawBuilder<boolean> {
    return sql`${column} in (select value from json_each(${JSON.stringify(ids)}))`;
  }

  transaction<T>(db: Kysely<SqlTables>, work: (trx: Kysely<SqlTables>) => Promise<T>): Promise<T> {
    return rawTransaction(db, ['begin immediate'], work); // servers: with a limit for idle sessions
  }

  withMigrationLock(
    db: Kysely<SqlTables>,
    _tablePrefix: string,
    work: (connection: Kysely<SqlTables>) => Promise<void>,
  ): Promise<void> {
    return this.transaction(db, work); // servers: an advisory lock, named after the prefix
  }

  kindOfError(err: unknown): SqlErrorKind {
    const code = err instanceof Database.SqliteError ? err.code : '';
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'busy';
    return /^SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)$/.test(code) ? 'duplicate-key' : 'other';
  }

  translateError(err: unknown): FlowrraError {
    if (err instanceof FlowrraError) return err;
    return new BackendError(`${this.label} cannot be used: ${String(err)}.`, { cause: err });
  }
}

/** All the queries come from the base class. */
export class SmallSchedulerBackend extends SqlSchedulerBackend {
  constructor(path: string, options: SqlOptions = {}) {
    super(new SmallDialect(path), options);
  }
}
