import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type CellTable, toCellTable } from './cell-table.js';
import type { Column, SqlTables } from './schema.js';
import type { Cell, SqlDialect } from './sql-dialect.js';

/** Most rows of one statement, and most characters of its texts: servers limit the size of a packet. */
const MOST_ROWS = 1_000;
const MOST_CHARACTERS = 2 ** 21;

/** Rows for one bulk statement, as records by column name. */
export interface BulkRows<Name extends string = string> {
  readonly columns: readonly Column<Name>[];
  readonly rows: readonly Readonly<Record<Name, Cell>>[];
}

/** What becomes of the rows with the given keys; in `set`, `given` is the given row. */
export interface RowChange<Name extends string = string> {
  readonly key: readonly Name[];
  readonly set: Readonly<Record<string, RawBuilder<unknown>>>;
  /** Which of the rows are changed; without it, all. */
  readonly where?: RawBuilder<unknown>;
}

/** Inserts any number of rows. */
export async function insertRows<Name extends string>(
  db: Kysely<SqlTables>,
  dialect: SqlDialect,
  table: string,
  bulk: BulkRows<Name>,
): Promise<void> {
  const names = sql.join(bulk.columns.map(({ name }) => sql.ref(name)));
  for (const cells of inChunks(bulk)) {
    const given = dialect.rows(cells);
    await sql`insert into ${sql.table(table)} (${names}) select ${names} from ${given} as given`.execute(db);
  }
}

/** Updates any number of rows, each with values of its own. @returns how many matched */
export async function updateRows<Name extends string>(
  db: Kysely<SqlTables>,
  dialect: SqlDialect,
  table: string,
  bulk: BulkRows<Name>,
  { key, set, where }: RowChange<Name>,
): Promise<number> {
  const target = sql.table(table);
  const matches = sql.join([sameKey(table, key), ...(where ? [where] : [])], sql` and `);
  const assignments = (nameOf: (column: string) => RawBuilder<unknown>): RawBuilder<unknown> =>
    sql.join(Object.entries(set).map(([column, value]) => sql`${nameOf(column)} = ${value}`));
  let matched = 0;
  for (const cells of inChunks(bulk)) {
    const given = sql`${dialect.rows(cells)} as given`;
    const statement =
      dialect.changesByRowsIn === 'join'
        ? // Looks up each given row: an optimizer that would rather read the whole table would lock all of it on the way.
          sql`update ${given} straight_join ${target} on ${matches} set ${assignments((c) => sql.ref(`${table}.${c}`))}`
        : sql`update ${target} set ${assignments((c) => sql.ref(c))} from ${given} where ${matches}`;
    const { numAffectedRows } = await statement.execute(db);
    matched += Number(numAffectedRows ?? 0);
  }
  return matched;
}

/** Deletes any number of rows. @returns how many were there */
export async function deleteRows(
  db: Kysely<SqlTables>,
  dialect: SqlDialect,
  table: string,
  keys: BulkRows,
): Promise<number> {
  const target = sql.table(table);
  const key = keys.columns.map(({ name }) => name);
  const names = sql.join(key.map((name) => sql.ref(name)));
  let deleted = 0;
  for (const cells of inChunks(keys)) {
    const given = sql`${dialect.rows(cells)} as given`;
    const statement =
      dialect.changesByRowsIn === 'join'
        ? sql`delete ${target} from ${given} straight_join ${target} on ${sameKey(table, key)}`
        : sql`delete from ${target} where (${names}) in (select ${names} from ${given})`;
    const { numAffectedRows } = await statement.execute(db);
    deleted += Number(numAffectedRows ?? 0);
  }
  return deleted;
}

/** Which of these keys are in the table. @returns the first part of each */
export async function findKeys(
  db: Kysely<SqlTables>,
  dialect: SqlDialect,
  table: string,
  keys: BulkRows,
): Promise<Set<unknown>> {
  const found = new Set<unknown>();
  const key = keys.columns.map(({ name }) => name);
  for (const cells of inChunks(keys)) {
    const { rows } = await sql<{ found: unknown }>`select ${sql.ref(`given.${key[0]}`)} as found
      from ${dialect.rows(cells)} as given join ${sql.table(table)} on ${sameKey(table, key)}`.execute(db);
    for (const row of rows) found.add(row.found);
  }
  return found;
}

function sameKey(table: string, key: readonly string[]): RawBuilder<unknown> {
  const same = key.map((name) => sql`${sql.ref(`${table}.${name}`)} = ${sql.ref(`given.${name}`)}`);
  return sql.join(same, sql` and `);
}

function* inChunks<Name extends string>({ columns, rows }: BulkRows<Name>): Generator<CellTable> {
  for (const batch of inBatches(rows)) yield* inShortParts(toCellTable(columns, batch));
}

function* inShortParts(cells: CellTable): Generator<CellTable> {
  const { rows } = cells;
  if (rows.length === 1 || charactersOf(rows) <= MOST_CHARACTERS) {
    yield cells;
    return;
  }
  const half = Math.ceil(rows.length / 2);
  yield* inShortParts({ ...cells, rows: rows.slice(0, half) });
  yield* inShortParts({ ...cells, rows: rows.slice(half) });
}

function charactersOf(rows: CellTable['rows']): number {
  let sum = 0;
  for (const row of rows) {
    for (const cell of row) sum += typeof cell === 'string' ? cell.length : 8;
  }
  return sum;
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
