import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Column, SqlTables } from './schema.js';
import type { Cell, SqlDialect } from './sql-dialect.js';

/** Most rows of one statement, and most characters of its texts: servers limit the size of a packet. */
const MOST_ROWS = 1_000;
const MOST_CHARACTERS = 2 ** 21;

/** Rows for one bulk statement, as records by column name. */
export interface BulkRows<Name extends string = string> {
  readonly columns: readonly (Column & { readonly name: Name })[];
  readonly rows: readonly Readonly<Record<Name, Cell>>[];
}

/** Inserts any number of rows. */
export async function insertRows<Name extends string>(
  db: Kysely<SqlTables>,
  dialect: SqlDialect,
  table: string,
  bulk: BulkRows<Name>,
): Promise<void> {
  const names = sql.join(bulk.columns.map(({ name }) => sql.ref(name)));
  for (const rows of inChunks(bulk)) {
    await sql`insert into ${sql.table(table)} (${names}) select ${names} from ${rows(dialect)} as given`.execute(db);
  }
}

/**
 * Updates any number of rows, each with values of its own: `given` in `set` and `where` is the row's counterpart.
 * @returns how many rows matched
 */
export async function updateRows<Name extends string>(
  db: Kysely<SqlTables>,
  dialect: SqlDialect,
  table: string,
  bulk: BulkRows<Name>,
  { set, where }: { set: Readonly<Record<string, RawBuilder<unknown>>>; where: RawBuilder<unknown> },
): Promise<number> {
  let matched = 0;
  for (const rows of inChunks(bulk)) {
    const { numAffectedRows } = await updateStatement(dialect, table, rows(dialect), set, where).execute(db);
    matched += Number(numAffectedRows ?? 0);
  }
  return matched;
}

function updateStatement(
  dialect: SqlDialect,
  table: string,
  given: RawBuilder<unknown>,
  set: Readonly<Record<string, RawBuilder<unknown>>>,
  where: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const assignments = (nameOf: (column: string) => RawBuilder<unknown>): RawBuilder<unknown> =>
    sql.join(Object.entries(set).map(([column, value]) => sql`${nameOf(column)} = ${value}`));
  const target = sql.table(table);
  return dialect.updateTakesRowsBy === 'join'
    ? // Looks up each given row: an optimizer that would rather read the whole table would lock all of it on the way.
      sql`update ${given} as given straight_join ${target} on ${where} set ${assignments((c) => sql.ref(`${table}.${c}`))}`
    : sql`update ${target} set ${assignments((c) => sql.ref(c))} from ${given} as given where ${where}`;
}

function* inChunks<Name extends string>({
  columns,
  rows,
}: BulkRows<Name>): Generator<(dialect: SqlDialect) => RawBuilder<unknown>> {
  let chunk: Cell[][] = [];
  let characters = 0;
  const take = () => {
    const taken = chunk;
    chunk = [];
    characters = 0;
    return (dialect: SqlDialect) => dialect.rows(columns, taken);
  };
  for (const row of rows) {
    const cells = columns.map(({ name }) => row[name]);
    const size = cells.reduce<number>((sum, cell) => sum + (typeof cell === 'string' ? cell.length : 8), 0);
    if (chunk.length >= MOST_ROWS || (chunk.length > 0 && characters + size > MOST_CHARACTERS)) yield take();
    chunk.push(cells);
    characters += size;
  }
  if (chunk.length > 0) yield take();
}

/** Consecutive groups in which no id comes twice, and not too many, so that one statement can serve each. */
export function inRounds<Item>(items: readonly Item[], idOf: (item: Item) => string): Item[][] {
  const rounds: Item[][] = [];
  let ids = new Set<string>();
  for (const item of items) {
    const id = idOf(item);
    if (rounds.length === 0 || ids.has(id) || ids.size >= MOST_ROWS) {
      rounds.push([]);
      ids = new Set();
    }
    ids.add(id);
    rounds.at(-1)?.push(item);
  }
  return rounds;
}

/** Few enough to bind them all in one statement. */
export function* inBatches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += MOST_ROWS) yield items.slice(start, start + MOST_ROWS);
}
