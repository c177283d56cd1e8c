import type { Column } from './schema.js';
import type { Cell } from './sql-dialect.js';

/** The rows of a bulk statement. What a column has in every row is said once: handing over a cell costs more than storing it. */
export interface CellTable {
  /** The columns of `rows`; at least one. */
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** The other columns, and what each row has there. */
  readonly shared: readonly (Column & { readonly value: Cell })[];
}

/**
 * @param columns the first one is never shared, so that each row is there
 * @param records by column name
 */
export function toCellTable<Name extends string>(
  columns: readonly Column<Name>[],
  records: readonly Readonly<Record<Name, Cell>>[],
): CellTable {
  const [first] = records;
  const isShared = columns.map(({ name }, index) => index > 0 && haveOneValue(records, name));
  const own = columns.filter((_, index) => !isShared[index]);
  return {
    columns: own,
    rows: records.map((row) => own.map(({ name }) => row[name])),
    shared: columns
      .filter((_, index) => isShared[index])
      .map((column) => ({ ...column, value: first?.[column.name] ?? null })),
  };
}

function haveOneValue<Name extends string>(records: readonly Readonly<Record<Name, Cell>>[], name: Name): boolean {
  const value = records[0]?.[name];
  for (const record of records) if (record[name] !== value) return false;
  return true;
}
