import { BackendError } from '@flowrra/core';
import { type DatabaseIntrospector, type Kysely, type Migration, Migrator, sql, type TableMetadata } from 'kysely';
import { createTables } from './migrations/0001-create-tables.js';
import { ALL_TABLES, type SqlTables } from './schema.js';
import type { SqlDialect } from './sql-dialect.js';

/** A newer version of Flowrra made or changed the tables; nothing was touched. */
export class SchemaTooNewError extends BackendError {
  override readonly code = 'SCHEMA_TOO_NEW';
  constructor(
    label: string,
    readonly migration: string,
    options?: { cause?: unknown },
  ) {
    super(
      `The tables in ${label} were changed by a newer Flowrra (${migration}). Upgrade this process's @flowrra packages, ` +
        'or choose another tablePrefix.',
      options,
    );
  }
}

/** In the order of their names. What was released is never changed: databases have been made with it. */
function migrations(dialect: SqlDialect, prefix: string): Record<string, Migration> {
  return {
    '0001-create-tables': { up: (db: Kysely<unknown>) => createTables(db, dialect, prefix) },
  };
}

/**
 * Makes the tables what this version needs; any number of nodes may do so at once.
 * @throws SchemaTooNewError
 */
export async function migrate(db: Kysely<SqlTables>, dialect: SqlDialect, prefix: string): Promise<void> {
  const known = migrations(dialect, prefix);
  const done = await migrationsDone(db, dialect, prefix);
  refuseUnknown(done, known, dialect);
  // The usual start takes no lock.
  if (Object.keys(known).every((name) => done.includes(name))) return;
  const run = async (connection: Kysely<SqlTables>): Promise<void> => {
    const tables = { migrationTableName: `${prefix}migrations`, migrationLockTableName: `${prefix}migrations_lock` };
    const { error } = await new Migrator({
      db: seeingOnly(Object.values(tables), connection, dialect),
      provider: { getMigrations: () => Promise.resolve(known) },
      ...tables,
    }).migrateToLatest();
    if (error !== undefined) throw error;
  };
  try {
    await dialect.withMigrationLock(db, prefix, run);
  } catch (err) {
    // A newer node may have been faster: then that is the reason, not what the Migrator makes of it.
    refuseUnknown(await migrationsDone(db, dialect, prefix), known, dialect);
    throw err;
  }
}

/** Takes everything back that `migrate` and its users wrote. */
export async function dropTables(db: Kysely<SqlTables>, prefix: string): Promise<void> {
  for (const name of ALL_TABLES) await db.schema.dropTable(`${prefix}${name}`).ifExists().execute();
}

function refuseUnknown(done: readonly string[], known: Record<string, Migration>, dialect: SqlDialect): void {
  const unknown = done.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw new SchemaTooNewError(dialect.label, unknown);
}

/**
 * What the Migrator sees of a database. Kysely's own introspection lists the tables of all schemas, of which another may
 * have one of this name, and PostgreSQL fails it if one of them is dropped meanwhile.
 */
function seeingOnly(names: readonly string[], db: Kysely<SqlTables>, dialect: SqlDialect): Kysely<SqlTables> {
  const introspection: Pick<DatabaseIntrospector, 'getTables'> = {
    async getTables() {
      const there: TableMetadata[] = [];
      for (const name of names) {
        if (await readIfThere(db, name, dialect)) there.push({ name, isView: false, columns: [] });
      }
      return there;
    },
  };
  return new Proxy(db, {
    get(target, property) {
      if (property === 'introspection') return introspection;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The names of the migrations that were carried out; none when there is no table of them yet. */
async function migrationsDone(db: Kysely<SqlTables>, dialect: SqlDialect, prefix: string): Promise<string[]> {
  const rows = await readIfThere(db, `${prefix}migrations`, dialect);
  return (rows ?? []).map(({ name }) => String(name));
}

/** The few rows of a table; null when there is no such table where the connection looks for it. */
async function readIfThere(
  db: Kysely<SqlTables>,
  table: string,
  dialect: SqlDialect,
): Promise<Record<string, unknown>[] | null> {
  try {
    return (await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db)).rows;
  } catch (err) {
    // Engines say in different words that there is no table; what is really wrong, making it will show.
    if (dialect.kindOfError(err) === 'other') return null;
    throw err;
  }
}
