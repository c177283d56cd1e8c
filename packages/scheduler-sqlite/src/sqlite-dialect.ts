import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { BackendError, ConfigError, type FlowrraError } from '@flowrra/core';
import type {
  CellTable,
  ChangeListener,
  SqlContext,
  SqlDialect,
  SqlErrorKind,
  SqlTables,
} from '@flowrra/scheduler/sql';
import Sqlite, { type Database } from 'better-sqlite3';
import { Kysely, SqliteDialect as KyselySqliteDialect, type RawBuilder, sql } from 'kysely';
import { changeCounter, tellSharers, watchChanges } from './sqlite-changes.js';
import { kindOfError, translateError } from './sqlite-errors.js';

/** A path, or an open database; one that was passed in stays open. */
// biome-ignore lint/suspicious/noExplicitAny: a user's Kysely has tables of its own, which do not matter here
export type SqliteTarget = string | Database | Kysely<any>;

/** Of SQLite 3: `->>`, and `jsonb_each`, which reads rows twice as fast. Other drivers may bring another version. */
const OLDEST_MINOR = 38;
const FIRST_WITH_JSONB_EACH = 51;

/** Where SQLite differs: one connection, one writer, no server and so no clock of its own. */
export class SqliteDialect implements SqlDialect {
  readonly label: string;
  readonly now = null;
  readonly rowLocks = false;
  readonly changesByRowsIn = 'subselect';
  readonly columnTypes = { id: sql`text`, text: sql`text`, json: sql`text`, integer: sql`integer`, flag: sql`integer` };
  readonly kindOfError: (err: unknown) => SqlErrorKind = kindOfError;
  changeCounter?: NonNullable<SqlDialect['changeCounter']>;
  readonly #target: SqliteTarget;
  #own: Kysely<SqlTables> | null = null;
  #file: { readonly path: string; readonly identity: string | null } | null = null;
  #each = sql`json_each`;
  #tablePrefix = '';

  constructor(target: SqliteTarget) {
    this.#target = target;
    this.label = labelOf(target);
    // Over a connection of the user's there may be changes that its counter does not count.
    if (!this.#shared) this.changeCounter = changeCounter;
  }

  async connect({ tablePrefix }: SqlContext): Promise<Kysely<SqlTables>> {
    this.#tablePrefix = tablePrefix;
    if (typeof this.#target !== 'string') return toKysely(this.#target);
    // A failed opening is tried again: what it left is not.
    await this.close();
    const path = this.#target === ':memory:' ? this.#target : resolve(this.#target);
    const database = openFile(path);
    if (path !== ':memory:') this.#file = { path, identity: identityOf(path) };
    this.#own = toKysely(database);
    return this.#own;
  }

  /** Whoever may not write learns it now, not at the first slot. SQLite tells only who tries; it is taken back. */
  async checkServer(db: Kysely<SqlTables>): Promise<void> {
    const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(db);
    const [major = 0, minor = 0] = (rows[0]?.version ?? '').split('.').map(Number);
    if (major !== 3 || minor < OLDEST_MINOR)
      throw new BackendError(`${this.label} is served by SQLite ${rows[0]?.version}: 3.${OLDEST_MINOR} is needed.`);
    this.#each = minor < FIRST_WITH_JSONB_EACH ? sql`json_each` : sql`jsonb_each`;
    await this.#checkPrefix(db);
    await db.connection().execute(async (connection) => {
      await sql`begin immediate`.execute(connection);
      try {
        await sql`create table flowrra_write_probe (id integer)`.execute(connection);
      } finally {
        await rollBack(connection);
      }
    });
  }

  /** SQLite takes names that differ only in case for the same: two stores would be one. */
  async #checkPrefix(db: Kysely<SqlTables>): Promise<void> {
    const name = `${this.#tablePrefix}schedules`;
    const { rows } = await sql<{ name: string }>`
      select name from sqlite_master where name = ${name} collate nocase and name <> ${name}`.execute(db);
    const [other] = rows;
    if (!other) return;
    const prefix = other.name.slice(0, this.#tablePrefix.length);
    throw new ConfigError(
      'tablePrefix',
      `${this.label} has tables with the prefix "${prefix}", which SQLite does not tell from "${this.#tablePrefix}". ` +
        'Choose one that differs in more than its case.',
    );
  }

  async close(): Promise<void> {
    const own = this.#own;
    this.#own = null;
    await own?.destroy();
  }

  rows({ columns, rows, shared }: CellTable): RawBuilder<unknown> {
    const cells = columns.map(({ name }, index) => sql`value ->> ${sql.lit(index)} as ${sql.ref(name)}`);
    const values = shared.map(({ name, value }) => sql`${value} as ${sql.ref(name)}`);
    // `limit -1` keeps them rows to be looked up: a shared value would become a condition on the table, and what an index
    // finds by it would be compared with each row.
    return sql`(select ${sql.join([...cells, ...values])} from ${this.#each}(${JSON.stringify(rows)}) limit -1)`;
  }

  isOneOf(column: RawBuilder<unknown>, ids: readonly string[]): RawBuilder<boolean> {
    return sql`${column} in (select value from json_each(${JSON.stringify(ids)}))`;
  }

  /** SQLite goes on with a file that has no name any more, and all that it says to be written is lost with the process. */
  #checkFile(): void {
    if (!this.#file || identityOf(this.#file.path) === this.#file.identity) return;
    throw new BackendError(
      `${this.label} was removed or replaced while it was open. Put the file back, if there is still one, and restart the ` +
        'process; to replace it by a backup, end all processes that use it first.',
    );
  }

  /** Kysely begins with a plain `begin`, which takes the lock too late: after a read it can only fail. */
  transaction<T>(db: Kysely<SqlTables>, work: (trx: Kysely<SqlTables>) => Promise<T>): Promise<T> {
    this.#checkFile();
    return db.connection().execute(async (connection) => {
      await sql`begin immediate`.execute(connection);
      try {
        const result = await work(connection);
        await sql`commit`.execute(connection);
        return result;
      } catch (err) {
        await rollBack(connection);
        throw err;
      }
    });
  }

  withMigrationLock(
    db: Kysely<SqlTables>,
    _tablePrefix: string,
    work: (connection: Kysely<SqlTables>) => Promise<void>,
  ): Promise<void> {
    return this.transaction(db, work);
  }

  translateError(err: unknown): FlowrraError {
    return translateError(err, this.label);
  }

  watchChanges(db: Kysely<SqlTables>, _context: SqlContext, listener: ChangeListener): () => void {
    return watchChanges(db, this.#shared, listener);
  }

  async notifyChange(_trx: Kysely<SqlTables>, _tablePrefix: string, self: string): Promise<void> {
    if (this.#shared) tellSharers(this.#shared, self);
  }

  /** A database of the user's, which other backends may have as well. */
  get #shared(): object | null {
    return typeof this.#target === 'string' ? null : this.#target;
  }
}

/**
 * Without a busy timeout: the driver is synchronous, so that SQLite's own waiting for a lock would stop the event loop.
 * `SqlSchedulerBackend` waits instead.
 */
function openFile(path: string): Database {
  const database = new Sqlite(path, { timeout: 0 });
  try {
    // Readers and the writer do not stop each other; what was acknowledged outlives a power failure.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    return database;
  } catch (err) {
    database.close();
    throw err;
  }
}

/** What tells a file from another one under its name; null where there is none. */
function identityOf(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.dev} ${stats.ino}` : null;
}

/** One for each database: it is what keeps two transactions on the same connection apart. */
const madeFor = new WeakMap<Database, Kysely<SqlTables>>();

function toKysely(target: Database | Kysely<unknown>): Kysely<SqlTables> {
  // Names and columns are ours, whatever an instance of the user's knows; plugins may rename columns.
  if (isKysely(target)) return target.withoutPlugins() as Kysely<SqlTables>;
  const made = madeFor.get(target) ?? new Kysely<SqlTables>({ dialect: new KyselySqliteDialect({ database: target }) });
  madeFor.set(target, made);
  return made;
}

/** An instance of another copy of Kysely is one as well. */
export function isKysely(target: unknown): target is Kysely<unknown> {
  return typeof target === 'object' && target !== null && 'selectFrom' in target && 'destroy' in target;
}

async function rollBack(connection: Kysely<SqlTables>): Promise<void> {
  try {
    await sql`rollback`.execute(connection);
  } catch {
    // Some errors end the transaction by themselves; the one that led here is thrown.
  }
}

function labelOf(target: SqliteTarget): string {
  const path = typeof target === 'string' ? target : isKysely(target) ? '' : target.name;
  if (path === ':memory:') return 'SQLite in memory';
  return path === '' ? 'SQLite' : `SQLite file ${path}`;
}
