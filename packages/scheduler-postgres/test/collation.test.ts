import { expect, it } from 'vitest';
import { World } from './world.js';

it('compares and orders texts byte by byte, whatever the locale of the database (SQ-09)', async () => {
  const world = new World();
  try {
    await world.backend().listAll();
    const columns = await world.query(
      `select table_name, column_name, collation_name from information_schema.columns
        where table_name in ($1, $2) and data_type in ('text', 'character varying')`,
      [`${world.prefix}schedules`, `${world.prefix}firings`],
    );
    expect(columns.length).toBeGreaterThan(20);
    expect(columns.filter(({ collation_name }) => collation_name !== 'C')).toEqual([]);
  } finally {
    await world.close();
  }
});
