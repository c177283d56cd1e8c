import { FlowrraError, type ScheduleChange, type ScheduledTask } from '@flowrra/core';
import { type Kysely, sql } from 'kysely';
import { checkStorable } from '../stored-schedule.js';
import { inBatches, inRounds, insertRows, updateRows } from './bulk-statements.js';
import { isSameRow, lockRows } from './locked-rows.js';
import { scheduleToRow } from './row-mapper.js';
import { SCHEDULE_COLUMNS, type SqlTables } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** A row is not as it was read: ends the transaction, so that the other changes are taken back. */
class StaleChangeError extends FlowrraError {
  readonly code = 'STALE_CHANGE';
}

/** @returns false when a row is not as its change says; then nothing was changed */
export async function applyChanges(session: SqlSession, changes: readonly ScheduleChange[]): Promise<boolean> {
  for (const { after } of changes) if (after) checkStorable(after);
  if (changes.length === 0) return true;
  try {
    await session.write(async (trx) => {
      for (const round of inRounds(changes, idOf)) await applyRound(session, trx, round);
      await session.notifyChange(trx);
    });
    return true;
  } catch (err) {
    if (err instanceof StaleChangeError) return false;
    throw err;
  }
}

async function applyRound(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  changes: readonly ScheduleChange[],
): Promise<void> {
  const created: ScheduledTask[] = [];
  const edited: ScheduledTask[] = [];
  const removed: string[] = [];
  for (const change of changes) {
    if (change.before === null) created.push(change.after);
    else if (change.after === null) removed.push(change.before.id);
    else edited.push(change.after);
  }
  await checkUnchanged(session, trx, changes);
  await create(session, trx, created);
  await edit(session, trx, edited);
  for (const ids of inBatches(removed)) {
    await trx.deleteFrom(session.tables.schedules).where('id', 'in', ids).execute();
  }
}

async function checkUnchanged(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  changes: readonly ScheduleChange[],
): Promise<void> {
  const before = changes.flatMap((change) => change.before ?? []);
  const ids = before.map(({ id }) => id);
  const rows = await lockRows(session, trx, ids, 'await');
  const stale = before.find((task) => !isSameRow(rows.get(task.id), task));
  if (stale) throw new StaleChangeError(`Schedule "${stale.id}" was changed by somebody else.`);
}

async function create(session: SqlSession, trx: Kysely<SqlTables>, tasks: readonly ScheduledTask[]): Promise<void> {
  const { dialect, tables } = session;
  const rows = tasks.map((task) => scheduleToRow({ ...task, revision: 1 }));
  try {
    await insertRows(trx, dialect, tables.schedules, { columns: SCHEDULE_COLUMNS, rows });
  } catch (err) {
    if (dialect.kindOfError(err) === 'duplicate-key') throw new StaleChangeError('An id is taken.');
    throw err;
  }
}

async function edit(session: SqlSession, trx: Kysely<SqlTables>, tasks: readonly ScheduledTask[]): Promise<void> {
  const { dialect, tables } = session;
  const stored = (column: string) => sql.ref(`${tables.schedules}.${column}`);
  const given = SCHEDULE_COLUMNS.filter(({ name }) => name !== 'id' && name !== 'revision');
  await updateRows(
    trx,
    dialect,
    tables.schedules,
    { columns: SCHEDULE_COLUMNS, rows: tasks.map(scheduleToRow) },
    {
      set: {
        ...Object.fromEntries(given.map(({ name }) => [name, sql.ref(`given.${name}`)])),
        revision: sql`${stored('revision')} + 1`,
      },
      where: sql`${stored('id')} = ${sql.ref('given.id')}`,
    },
  );
}

function idOf({ before, after }: ScheduleChange): string {
  return (before ?? after)?.id ?? '';
}
