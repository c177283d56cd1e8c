import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { FiringRow, SqlTables, TableNames } from './schema.js';

type Claimed = SelectQueryBuilder<SqlTables & { f: FiringRow }, 'f', object>;

/** Claimed firings, as `f`, but for those whose schedule is there and runs one of these tasks. */
export function claimedFirings(
  db: Kysely<SqlTables>,
  tables: TableNames,
  exceptTasks: readonly string[] = [],
): Claimed {
  const claimed = db.selectFrom(`${tables.firings} as f`).where('f.state', '=', 'claimed');
  if (exceptTasks.length === 0) return claimed;
  return claimed.where(({ exists, not, selectFrom }) =>
    not(
      exists(
        selectFrom(`${tables.schedules} as s`)
          .select(sql<number>`1`.as('one'))
          .whereRef('s.id', '=', 'f.schedule_id')
          .whereRef('s.incarnation', '=', 'f.incarnation')
          .where('s.task_name', 'in', exceptTasks),
      ),
    ),
  );
}
