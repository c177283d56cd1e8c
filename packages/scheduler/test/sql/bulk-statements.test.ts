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
import { deleteRows, findKeys, inBatches, inRounds, insertRows, updateRows } from '../../src/sql/bulk-statements.js';
import type { CellTable } from '../../src/sql/cell-table.js';
import type { SqlTables } from '../../src/sql/schema.js';
import type { SqlDialect } from '../../src/sql/sql-dialect.js';

/** Statements as they would be sent, and how many rows each would take. */
function setup(changesByRowsIn: SqlDialect['changesByRowsIn'] = 'subselect') {
  const statements: string[] = [];
  const tables: CellTable[] = [];
  const db = new Kysely<SqlTables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query.sql),
  });
  const rows = (cells: CellTable): RawBuilder<unknown> => {
    tables.push(cells);
    return sql`(rows)`;
  };
  // Bulk statements ask a dialect for nothing else.
  return { db, dialect: { rows, changesByRowsIn } as unknown as SqlDialect, statements, tables };
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
    const { db, dialect, statements, tables } = setup();
    const counts = (): number[] => tables.splice(0).map(({ rows }) => rows.length);
    const many = Array.from({ length: 2_500 }, (_, index) => ({ id: `${index}`, text: null }));
    await insertRows(db, dialect, 't', { columns, rows: many });
    expect(counts()).toEqual([1_000, 1_000, 500]);
    expect(statements[0]).toBe('insert into "t" ("id", "text") select "id", "text" from (rows) as given');

    const large = Array.from({ length: 5 }, (_, index) => ({ id: `${index}`, text: `${index}${'x'.repeat(900_000)}` }));
    await insertRows(db, dialect, 't', { columns, rows: large });
    expect(counts()).toEqual([2, 1, 2]);
  });

  it('hand over once what all rows share, but for the first column', async () => {
    const { db, dialect, tables } = setup();
    const more = [...columns, { name: 'none', kind: 'integer' }] as const;
    const insert = (rows: { id: string; text: string; none: null }[]) =>
      insertRows(db, dialect, 't', { columns: more, rows });
    const [a, b] = ['a', 'b'].map((id) => ({ id, text: 'same', none: null }));
    expect.assert(a && b);
    await insert([a, b]);
    await insert([a, { ...b, text: 'other' }]);
    await insert([a]);
    const [id, text, none] = more;
    expect(tables).toEqual([
      {
        columns: [id],
        rows: [['a'], ['b']],
        shared: [
          { ...text, value: 'same' },
          { ...none, value: null },
        ],
      },
      {
        columns: [id, text],
        rows: [
          ['a', 'same'],
          ['b', 'other'],
        ],
        shared: [{ ...none, value: null }],
      },
      {
        columns: [id],
        rows: [['a']],
        shared: [
          { ...text, value: 'same' },
          { ...none, value: null },
        ],
      },
    ]);
  });

  it('find rows by their keys', async () => {
    const { db, dialect, statements } = setup();
    await findKeys(db, dialect, 't', { columns, rows: [{ id: 'a', text: 'b' }] });
    expect(statements.map((text) => text.replace(/\s+/g, ' '))).toEqual([
      'select "given"."id" as found from (rows) as given join "t" on "t"."id" = "given"."id" and "t"."text" = "given"."text"',
    ]);
  });

  it('delete in the form of the engine', async () => {
    const keys = { columns, rows: [{ id: 'a', text: 'b' }] };
    const bySubselect = setup('subselect');
    await deleteRows(bySubselect.db, bySubselect.dialect, 't', keys);
    expect(bySubselect.statements).toEqual([
      'delete from "t" where ("id", "text") in (select "id", "text" from (rows) as given)',
    ]);
    const byJoin = setup('join');
    await deleteRows(byJoin.db, byJoin.dialect, 't', keys);
    expect(byJoin.statements).toEqual([
      'delete "t" from (rows) as given straight_join "t" on "t"."id" = "given"."id" and "t"."text" = "given"."text"',
    ]);
  });

  it('update in the form of the engine', async () => {
    const rows = [{ id: 'a', text: 'b' }];
    const change = { key: ['id'], set: { text: sql.ref('given.text') }, where: sql`true` } as const;
    const byFrom = setup('subselect');
    await updateRows(byFrom.db, byFrom.dialect, 't', { columns, rows }, change);
    expect(byFrom.statements).toEqual([
      'update "t" set "text" = "given"."text" from (rows) as given where "t"."id" = "given"."id" and true',
    ]);
    const byJoin = setup('join');
    await updateRows(byJoin.db, byJoin.dialect, 't', { columns, rows }, change);
    expect(byJoin.statements).toEqual([
      'update (rows) as given straight_join "t" on "t"."id" = "given"."id" and true set "t"."text" = "given"."text"',
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
