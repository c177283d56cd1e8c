import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import type { ColumnKind } from '../schema.js';
import type { SqlDialect } from '../sql-dialect.js';

type Columns = Readonly<Record<string, ColumnKind | readonly [kind: ColumnKind, nullable: 'nullable']>>;

const SCHEDULES: Columns = {
  id: 'id',
  incarnation: 'id',
  revision: 'integer',
  task_name: 'id',
  schedule_type: 'id',
  schedule: 'text',
  args: 'json',
  kwargs: ['json', 'nullable'],
  time_zone: 'id',
  enabled: 'flag',
  last_run: ['integer', 'nullable'],
  next_run: ['integer', 'nullable'],
  last_task_id: ['id', 'nullable'],
  catch_up: 'id',
  overlap: 'id',
  jitter: 'integer',
  start_at: ['integer', 'nullable'],
  end_at: ['integer', 'nullable'],
  max_runs: ['integer', 'nullable'],
  run_count: 'integer',
  queue: ['id', 'nullable'],
  priority: ['integer', 'nullable'],
  retries: ['integer', 'nullable'],
  timeout: ['integer', 'nullable'],
  description: ['text', 'nullable'],
  owner: ['id', 'nullable'],
  error: ['text', 'nullable'],
  created_at: 'integer',
  updated_at: 'integer',
  definition: 'id',
  search_text: 'text',
};

const FIRINGS: Columns = {
  id: 'id',
  schedule_id: 'id',
  incarnation: 'id',
  slot: 'integer',
  until: ['integer', 'nullable'],
  count: 'integer',
  kind: 'id',
  state: 'id',
  reason: ['text', 'nullable'],
  node: 'id',
  claimed_at: 'integer',
  submitted_at: ['integer', 'nullable'],
};

/** Frozen: what databases have been made with. Whoever needs other columns writes the next migration. */
export async function createTables(db: Kysely<unknown>, dialect: SqlDialect, prefix: string): Promise<void> {
  const schedules = `${prefix}schedules`;
  const firings = `${prefix}firings`;
  await createTable(db, dialect, schedules, SCHEDULES, ['id']);
  // An id is of one schedule and slot: by them, each schedule's history is together, and needs no other index.
  await createTable(db, dialect, firings, FIRINGS, ['schedule_id', 'slot', 'id']);
  // What is due, the longest overdue first. No index on what is asked rarely, as owner and definition are: PostgreSQL
  // adds to every index of a row whose next run moves on.
  await createIndex(db, dialect, schedules, 'due', ['enabled', 'next_run', 'id']);
  // What is claimed and not marked, and what is too old.
  await createIndex(db, dialect, firings, 'claimed', ['state', 'claimed_at']);
}

async function createTable(
  db: Kysely<unknown>,
  dialect: SqlDialect,
  name: string,
  columns: Columns,
  key: readonly string[],
): Promise<void> {
  let table: CreateTableBuilder<string, string> = db.schema.createTable(name).ifNotExists();
  for (const [column, definition] of Object.entries(columns)) {
    const kind = typeof definition === 'string' ? definition : definition[0];
    const type: RawBuilder<unknown> = dialect.columnTypes[kind];
    table = table.addColumn(column, type, (builder) => (typeof definition === 'string' ? builder.notNull() : builder));
  }
  await table.addPrimaryKeyConstraint(`${name}_key`, [...key]).execute();
}

/**
 * It may be there: MySQL does not take a half-done migration back, and a table of migrations can be lost. MySQL alone knows
 * no `if not exists` here; in PostgreSQL the error would end the transaction.
 */
async function createIndex(
  db: Kysely<unknown>,
  dialect: SqlDialect,
  table: string,
  name: string,
  columns: readonly string[],
): Promise<void> {
  const refs = sql.join(columns.map((column) => sql.ref(column)));
  const ifNotExists = dialect.isIndexThere ? sql`` : sql`if not exists`;
  try {
    await sql`create index ${ifNotExists} ${sql.id(`${table}_${name}`)} on ${sql.table(table)} (${refs})`.execute(db);
  } catch (err) {
    if (!dialect.isIndexThere?.(err)) throw err;
  }
}
