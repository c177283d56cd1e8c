import { type Clock, consoleLogger, StoppedError, type StoreContext, systemClock, type Timer } from '@flowrra/core';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { dropTables, migrate } from './migrate.js';
import { type SqlTables, type TableNames, tableNames } from './schema.js';
import { SqlCall } from './sql-call.js';
import type { ChangeListener, SqlDialect } from './sql-dialect.js';
import { checkClock, checkTablePrefix, type SqlOptions } from './sql-options.js';

/** Milliseconds that a closing backend lets running calls end, and its connections; a store that hangs answers neither. */
const CALLS_END_WITHIN = 2_000;
const CONNECTIONS_END_WITHIN = 1_000;

/** One backend's way to its database: opened by the first call, each call within its deadline and tried again if safe. */
export class SqlSession {
  readonly dialect: SqlDialect;
  readonly tables: TableNames;
  readonly #name: string;
  readonly #prefix: string;
  readonly #clock: Clock | undefined;
  readonly #self = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  readonly #running = new Set<Promise<unknown>>();
  #context: StoreContext = { clock: systemClock, logger: consoleLogger };
  #opening: Promise<Kysely<SqlTables>> | null = null;
  readonly #ended = new AbortController();
  #closing: Promise<void> | null = null;
  #writes = 0;

  /** @param name how errors call the backend */
  constructor(name: string, dialect: SqlDialect, options: SqlOptions) {
    this.#name = name;
    this.dialect = dialect;
    this.#prefix = checkTablePrefix(options.tablePrefix);
    this.#clock = checkClock(options.clock);
    this.tables = tableNames(this.#prefix);
  }

  get closed(): boolean {
    return this.#closing !== null;
  }

  /** The store's clock in epoch milliseconds, in SQL. */
  get now(): RawBuilder<number> {
    const now = this.processNow;
    // A literal, since a parameter that is only calculated with has no type in PostgreSQL.
    return now === null ? (this.dialect.now ?? sql<number>`null`) : sql.lit(now);
  }

  /** The same where the process's clock decides; null where it is the server's. */
  get processNow(): number | null {
    const clock = this.#clock ?? (this.dialect.now ? undefined : this.#context.clock);
    return clock?.now() ?? null;
  }

  async open(context: StoreContext): Promise<void> {
    if (!this.closed) this.#context = context;
    await this.read(() => Promise.resolve());
  }

  /** Something that changes nothing. */
  read<T>(work: (db: Kysely<SqlTables>) => Promise<T>): Promise<T> {
    return this.#call(0, async () => work(await this.#database()));
  }

  /**
   * Something that changes the database, in one transaction; it may be begun several times.
   * @param rows how many rows it writes, if they may be many
   */
  write<T>(work: (trx: Kysely<SqlTables>) => Promise<T>, rows = 0): Promise<T> {
    return this.#call(rows, async (call) => {
      const db = await this.#database();
      let done = false;
      try {
        return await this.dialect.transaction(db, async (trx) => {
          call.checkTime();
          const result = await work(trx);
          call.checkTime();
          done = true;
          return result;
        });
      } catch (err) {
        if (done && this.dialect.kindOfError(err) === 'connection-lost') throw call.notRepeatable(err);
        throw err;
      } finally {
        this.#writes++;
      }
    });
  }

  async dropTables(): Promise<void> {
    await this.read((db) => dropTables(db, this.#prefix));
    this.#writes++;
  }

  /** A text that changes with whatever anybody writes; null where the engine cannot tell. */
  async version(): Promise<string | null> {
    const changeCounter = this.dialect.changeCounter?.bind(this.dialect);
    if (!changeCounter) return null;
    const writes = this.#writes;
    const writesOfOthers = await this.read(changeCounter);
    return writesOfOthers === null ? null : `${writes} ${writesOfOthers}`;
  }

  /** Tells other processes, from inside a transaction. */
  async notifyChange(trx: Kysely<SqlTables>): Promise<void> {
    await this.dialect.notifyChange?.(trx, this.#prefix, this.#self);
  }

  /** Listens to other processes; null when the dialect cannot. */
  async watchChanges(onChange: ChangeListener['onChange']): Promise<(() => void) | null> {
    const watch = this.dialect.watchChanges?.bind(this.dialect);
    if (!watch) return null;
    return this.read(async (db) => watch(db, this.#sqlContext(), { onChange, self: this.#self }));
  }

  /** Lets running calls end, for a while, then frees the connections. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await within(CALLS_END_WITHIN, Promise.allSettled(this.#running));
    this.#ended.abort(new StoppedError(this.#name));
    await within(CONNECTIONS_END_WITHIN, this.dialect.close());
  }

  /** @throws StoppedError after `close` */
  checkOpen(): void {
    if (this.closed) throw new StoppedError(this.#name);
  }

  async #call<T>(rows: number, attempt: (call: SqlCall) => Promise<T>): Promise<T> {
    this.checkOpen();
    const call = new SqlCall(this.dialect, rows, this.#ended.signal);
    const running = call.run(() => attempt(call));
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** All first calls share one opening; one that failed is tried again by the next call. */
  #database(): Promise<Kysely<SqlTables>> {
    this.#opening ??= this.#connect().catch((err: unknown) => {
      this.#opening = null;
      throw err;
    });
    return this.#opening;
  }

  async #connect(): Promise<Kysely<SqlTables>> {
    const db = await this.dialect.connect(this.#sqlContext());
    await this.dialect.checkServer(db);
    await migrate(db, this.dialect, this.#prefix);
    return db;
  }

  #sqlContext() {
    return { ...this.#context, tablePrefix: this.#prefix };
  }
}

/** Waits for the end of something, but not longer than that. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = systemClock.after(ms, resolve);
  });
  await Promise.race([work, limit]).finally(() => timer?.cancel());
}
