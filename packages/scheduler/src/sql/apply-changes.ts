import { FlowrraError, type ScheduleChange, type ScheduledTask } from '@flowrra/core';
import { type Kysely, sql } from 'kysely';
import { checkChanges } from '../check-storable.js';
import { inBatches, inRounds, insertRows, updateRows } from './bulk-statements.js';
import { isSameRow, lockRows } from './locked-rows.js';
import { scheduleToRow } from './row-mapper.js';
import { SCHEDULE_COLUMNS, type SqlTables } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** A row is not as it was read: ends the transaction, so that the other changes are taken back. */
class StaleChangeError extends FlowrraError {
  readonly code = 'STALE_CHANGE';
}

/** A change with its new row, made before anything is awaited: what the caller does to the schedule later is not in it. */
interface Change {
  readonly id: string;
  readonly before: ScheduledTask | null;
  readonly row: ReturnType<typeof scheduleToRow> | null;
}

/** @returns false when a row is not as its change says; then nothing was changed */
export async function applyChanges(session: SqlSession, changes: readonly ScheduleChange[]): Promise<boolean> {
  session.checkOpen();
  checkChanges(changes);
  const rows = changes.map(toChange);
  if (rows.length === 0) return true;
  try {
    await session.write(async (trx) => {
      for (const round of inRounds(rows, ({ id }) => id)) await applyRound(session, trx, round);
      await session.notifyChange(trx);
    }, changes.length);
    return true;
  } catch (err) {
    if (err instanceof StaleChangeError) return false;
    throw err;
  }
}

function toChange(change: ScheduleChange): Change {
  const { before, after } = change;
  if (change.before === null)
    return { id: change.after.id, before, row: scheduleToRow({ ...change.after, revision: 1 }) };
  return { id: change.before.id, before, row: after && scheduleToRow(after) };
}

async function applyRound(session: SqlSession, trx: Kysely<SqlTables>, changes: readonly Change[]): Promise<void> {
  await checkUnchanged(session, trx, changes);
  await create(session, trx, changes);
  await edit(session, trx, changes);
  const removed = changes.filter(({ row }) => row === null);
  for (const ids of inBatches(removed.map(({ id }) => id))) {
    await trx
      .deleteFrom(session.tables.schedules)
      .where(session.dialect.isOneOf(sql.ref('id'), ids))
      .execute();
  }
}

async function checkUnchanged(session: SqlSession, trx: Kysely<SqlTables>, changes: readonly Change[]): Promise<void> {
  const before = changes.flatMap((change) => change.before ?? []);
  const ids = before.map(({ id }) => id);
  const rows = await lockRows(session, trx, ids, 'await');
  const stale = before.find((task) => !isSameRow(rows.get(task.id), task));
  if (stale) throw new StaleChangeError(`Schedule "${stale.id}" was changed by somebody else.`);
}

async function create(session: SqlSession, trx: Kysely<SqlTables>, changes: readonly Change[]): Promise<void> {
  const { dialect, tables } = session;
  const rows = changes.flatMap(({ before, row }) => (before === null && row ? row : []));
  try {
    await insertRows(trx, dialect, tables.schedules, { columns: SCHEDULE_COLUMNS, rows });
  } catch (err) {
    if (dialect.kindOfError(err) === 'duplicate-key') throw new StaleChangeError('An id is taken.');
    throw err;
  }
}

async function edit(session: SqlSession, trx: Kysely<SqlTables>, changes: readonly Change[]): Promise<void> {
  const { dialect, tables } = session;
  const stored = (column: string) => sql.ref(`${tables.schedules}.${column}`);
  const given = SCHEDULE_COLUMNS.filter(({ name }) => name !== 'id' && name !== 'revision');
  const rows = changes.flatMap(({ before, row }) => (before !== null && row ? row : []));
  await updateRows(
    trx,
    dialect,
    tables.schedules,
    { columns: SCHEDULE_COLUMNS, rows },
    {
      key: ['id'],
      set: {
        ...Object.fromEntries(given.map(({ name }) => [name, sql.ref(`given.${name}`)])),
        revision: sql`${stored('revision')} + 1`,
      },
    },
  );
}
