import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely';
import { describe, expect, it } from 'vitest';
import { inBatches, inRounds, insertRows, updateRows } from '../../src/sql/bulk-statements.js';
import type { SqlTables } from '../../src/sql/schema.js';
import type { Cell, SqlDialect } from '../../src/sql/sql-dialect.js';

/** Statements as they would be sent, and how many rows each would take. */
function setup(updateTakesRowsBy: SqlDialect['updateTakesRowsBy'] = 'from') {
  const statements: string[] = [];
  const counts: number[] = [];
  const db = new Kysely<SqlTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query.sql),
  });
  const rows = (_columns: unknown, given: readonly (readonly Cell[])[]): RawBuilder<unknown> => {
    counts.push(given.length);
    return sql`(rows)`;
  };
  // Bulk statements ask a dialect for nothing else.
  return { db, dialect: { rows, updateTakesRowsBy } as unknown as SqlDialect, statements, counts };
}

const columns = [
  { name: 'id', kind: 'id' },
  { name: 'text', kind: 'text' },
] as const;

describe('bulk statements', () => {
  it('insert nothing when there is nothing', async () => {
    const { db, dialect, statements } = setup();
    await insertRows(db, dialect, 't', { columns, rows: [] });
    expect(statements).toEqual([]);
  });

  it('stay small, by rows and by characters, and lose no row', async () => {
    const { db, dialect, statements, counts } = setup();
    const many = Array.from({ length: 2_500 }, (_, index) => ({ id: `${index}`, text: null }));
    await insertRows(db, dialect, 't', { columns, rows: many });
    expect(counts).toEqual([1_000, 1_000, 500]);
    expect(statements[0]).toBe('insert into "t" ("id", "text") select "id", "text" from (rows) as given');

    counts.length = 0;
    const large = Array.from({ length: 5 }, (_, index) => ({ id: `${index}`, text: 'x'.repeat(900_000) }));
    await insertRows(db, dialect, 't', { columns, rows: large });
    expect(counts).toEqual([2, 2, 1]);
  });

  it('update in the form of the engine', async () => {
    const rows = [{ id: 'a', text: 'b' }];
    const change = { set: { text: sql.ref('given.text') }, where: sql`${sql.ref('t.id')} = ${sql.ref('given.id')}` };
    const byFrom = setup('from');
    await updateRows(byFrom.db, byFrom.dialect, 't', { columns, rows }, change);
    expect(byFrom.statements).toEqual([
      'update "t" set "text" = "given"."text" from (rows) as given where "t"."id" = "given"."id"',
    ]);
    const byJoin = setup('join');
    await updateRows(byJoin.db, byJoin.dialect, 't', { columns, rows }, change);
    expect(byJoin.statements).toEqual([
      'update (rows) as given straight_join "t" on "t"."id" = "given"."id" set "t"."text" = "given"."text"',
    ]);
  });

  it('go in rounds in which no id comes twice, in order', () => {
    const rounds = inRounds(['a', 'b', 'a', 'c', 'c'], (id) => id);
    expect(rounds).toEqual([['a', 'b'], ['a', 'c'], ['c']]);
    const many = Array.from({ length: 2_500 }, (_, index) => `${index}`);
    expect(inRounds(many, (id) => id).map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    expect([...inBatches(many)].flat()).toEqual(many);
  });
});
