import type { Clock, FlowrraError, Logger } from '@flowrra/core';
import type { Kysely, RawBuilder } from 'kysely';
import type { CellTable } from './cell-table.js';
import type { ColumnKind, SqlTables } from './schema.js';

/** What a dialect is given when it connects. */
export interface SqlContext {
  /** The process's clock. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the names of the tables begin with; a checked identifier. */
  readonly tablePrefix: string;
}

/**
 * What an error of the driver means for the work that it interrupted:
 * - `duplicate-key`: a row with this primary key is there already;
 * - `conflict`: a deadlock or a serialisation failure; the transaction was rolled back and is tried again, 5 times at most;
 * - `busy`: somebody else holds a lock, nothing was done; tried again until the deadline;
 * - `connection-lost`: what was sent last was carried out or not, an open transaction was not;
 * - `other`: trying again does not help.
 */
export type SqlErrorKind = 'duplicate-key' | 'conflict' | 'busy' | 'connection-lost' | 'other';

/** A cell of a bulk statement; of a `json` column, the JSON text. */
export type Cell = string | number | null;

/** Hears of changes that other processes made. */
export interface ChangeListener {
  /** Call it at every change, and once when listening begins (again): what happened before was not heard. */
  onChange(): void;
  /** What `notifyChange` of the same backend sends: its own changes are not news to it. */
  readonly self: string;
}

/**
 * Where one engine, or its driver, differs from the others. `SqlSchedulerBackend` holds every query once and asks only
 * these; nothing outside of a dialect asks which engine it is. A new instance belongs to one backend.
 */
export interface SqlDialect {
  /** Engine and place for messages, as in `PostgreSQL at db:5432/app`; never with a password. */
  readonly label: string;

  // ── The connection ───────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Called once before the first query; again after it failed. Whoever made the Kysely instance ends it: one that was
   * passed in by the user stays open.
   */
  connect(context: SqlContext): Promise<Kysely<SqlTables>>;
  /** Refuses a server that is too old or a database that cannot be written, before anything is. @throws BackendError */
  checkServer(db: Kysely<SqlTables>): Promise<void>;
  /** Frees what `connect` and `watchChanges` opened. May be called more than once, and without `connect`. */
  close(): Promise<void>;

  // ── SQL ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The engine's type of each kind of column, with its collation. */
  readonly columnTypes: Readonly<Record<ColumnKind, RawBuilder<unknown>>>;
  /**
   * The server's clock in whole epoch milliseconds, as 64 bits, usable as the bound of an index range; null for an
   * engine without a server: then the process's clock decides.
   */
  readonly now: RawBuilder<number> | null;
  /** Whether a claim locks its rows with `for update skip locked`. False where a transaction holds the whole database. */
  readonly rowLocks: boolean;
  /**
   * How given rows change those of a table: `update t … from given`, `delete from t where (key) in (select key from
   * given)`; or `update given straight_join t …`, `delete t from given straight_join t …`.
   */
  readonly changesByRowsIn: 'subselect' | 'join';
  /**
   * A subselect without alias, `(select …)`, of these rows with all their columns, with as few parameters as can be: one
   * JSON document, say. Values have the types and collations of `columnTypes`, so that a join by `id` uses the index; and
   * planners see rows to be looked up, not values that all rows of a table could be compared with first.
   */
  rows(cells: CellTable): RawBuilder<unknown>;
  /** Whether a column of kind `id` has one of these values, with as few parameters as can be. */
  isOneOf(column: RawBuilder<unknown>, ids: readonly string[]): RawBuilder<boolean>;

  /**
   * A number that changes with whatever another connection commits, and costs no query to read. Only where nobody but this
   * backend writes over its own connection; without it, or when it is null, what there is to do is read anew each time.
   */
  changeCounter?(db: Kysely<SqlTables>): Promise<number | null>;

  // ── Transactions ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Runs `work` in one transaction that may write, READ COMMITTED or stricter, and that the server ends if it is left
   * alone for 5 s; commits when `work` resolves, rolls back and rejects as it did when not.
   */
  transaction<T>(db: Kysely<SqlTables>, work: (trx: Kysely<SqlTables>) => Promise<T>): Promise<T>;
  /**
   * Runs `work` on one connection while no other process is in it with the same prefix. `work` is Kysely's Migrator,
   * which begins a transaction itself where its adapter `supportsTransactionalDdl`; Kysely's for SQLite does not say so,
   * though SQLite can, and there the lock is one. A caller that waits does not block the event loop.
   */
  withMigrationLock(
    db: Kysely<SqlTables>,
    tablePrefix: string,
    work: (connection: Kysely<SqlTables>) => Promise<void>,
  ): Promise<void>;

  // ── Errors ───────────────────────────────────────────────────────────────────────────────────────────────────

  kindOfError(err: unknown): SqlErrorKind;
  /** What the user gets: says what to do, keeps the driver's error as `cause`, shows no password. */
  translateError(err: unknown): FlowrraError;
  /** Whether CREATE INDEX failed because the index is there. Only for an engine without `create index if not exists`. */
  isIndexThere?(err: unknown): boolean;

  // ── News ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts to listen for changes of others, and tells of each within 5 s; ends with what it returns, and with `close`.
   * Its timers keep no process alive. A dialect without it: whoever waits for a change looks every 5 s.
   */
  watchChanges?(db: Kysely<SqlTables>, context: SqlContext, listener: ChangeListener): () => void;
  /** Tells other processes of a change, from inside its transaction. `self` as in `ChangeListener`. */
  notifyChange?(trx: Kysely<SqlTables>, tablePrefix: string, self: string): Promise<void>;
}
