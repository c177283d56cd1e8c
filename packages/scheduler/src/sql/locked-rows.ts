import { type Kysely, sql } from 'kysely';
import { type RowVersion, sameInstant } from '../stored-schedule.js';
import { inBatches } from './bulk-statements.js';
import { toDate, toNumber } from './row-mapper.js';
import type { SqlInteger, SqlTables } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** What tells whether a schedule is still the one that was read, and the store's clock. */
export interface LockedRow {
  readonly id: string;
  readonly incarnation: string;
  readonly revision: SqlInteger;
  readonly next_run: SqlInteger | null;
  readonly store_now: SqlInteger;
}

/** Rows that nobody else changes until the transaction ends; those that are held by another one are awaited or left out. */
export async function lockRows(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  scheduleIds: readonly string[],
  heldByOthers: 'await' | 'leave out',
): Promise<Map<string, LockedRow>> {
  const rows = new Map<string, LockedRow>();
  for (const ids of inBatches(scheduleIds)) {
    const found = trx
      .selectFrom(session.tables.schedules)
      .select(['id', 'incarnation', 'revision', 'next_run', session.now.as('store_now')])
      .where(session.dialect.isOneOf(sql.ref('id'), ids));
    // In one order for all, so that two that await each other's rows are rare.
    const awaited = found.orderBy('id').forUpdate();
    const locked = heldByOthers === 'await' ? awaited : found.forUpdate().skipLocked();
    for (const row of await (session.dialect.rowLocks ? locked : found).execute()) rows.set(row.id, row);
  }
  return rows;
}

export function isSameRow(row: LockedRow | undefined, read: RowVersion): boolean {
  if (row === undefined || row.incarnation !== read.incarnation || toNumber(row.revision) !== read.revision)
    return false;
  // As it is shown: what somebody damaged can be replaced, too.
  return sameInstant(toDate(row.next_run), read.nextRun);
}
