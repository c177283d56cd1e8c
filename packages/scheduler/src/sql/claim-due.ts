import { type Firing, FlowrraError, type SlotDecision } from '@flowrra/core';
import { type Kysely, sql } from 'kysely';
import { runsAmong } from '../claimed-runs.js';
import { inBatches, inRounds, insertRows, updateRows } from './bulk-statements.js';
import { isSameRow, lockRows } from './locked-rows.js';
import { firingToRow, fromDate, toNumber } from './row-mapper.js';
import { type Column, FIRING_COLUMNS, type SqlTables } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** What a claim gives to a schedule; a run or task of null leaves the one before. */
const ADVANCED = [
  { name: 'id', kind: 'id' },
  { name: 'next_run', kind: 'integer' },
  { name: 'error', kind: 'text' },
  { name: 'last_run', kind: 'integer' },
  { name: 'last_task_id', kind: 'id' },
  { name: 'runs', kind: 'integer' },
] as const satisfies readonly Column[];

/** A firing is in the ledger already; ends a transaction that did not look. */
class FiringKnownError extends FlowrraError {
  readonly code = 'FIRING_KNOWN';
}

/** A decision whose row is still the one that was read, and is locked; with the firings that are to be written. */
interface Granted {
  readonly decision: SlotDecision;
  readonly firings: readonly Firing[];
}

/** Writes what a node decided: three statements, however many decisions there are. */
export async function claimDue(
  session: SqlSession,
  decisions: readonly SlotDecision[],
  node: string,
): Promise<Firing[]> {
  session.checkOpen();
  if (decisions.length === 0) return [];
  const claim = (look: boolean): Promise<Firing[]> =>
    session.write(async (trx) => {
      const written: Firing[] = [];
      let granted = 0;
      for (const round of inRounds(decisions, ({ scheduleId }) => scheduleId)) {
        const result = await claimRound(session, trx, round, { node, look });
        granted += result.length;
        for (const { firings } of result) written.push(...firings);
      }
      if (granted > 0) await session.notifyChange(trx);
      return written;
    });
  try {
    return await claim(false);
  } catch (err) {
    // Rare: a schedule came back to a slot that had fired. Only then it is worth a look which ids are in the ledger.
    if (err instanceof FiringKnownError) return claim(true);
    throw err;
  }
}

async function claimRound(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  decisions: readonly SlotDecision[],
  { node, look }: { node: string; look: boolean },
): Promise<Granted[]> {
  const ids = decisions.map(({ scheduleId }) => scheduleId);
  const rows = await lockRows(session, trx, ids, 'leave out');
  const current = decisions.filter(({ scheduleId, incarnation, revision, dueAt }) =>
    isSameRow(rows.get(scheduleId), { incarnation, revision, nextRun: dueAt }),
  );
  const known = look ? await knownFirings(session, trx, current) : new Set<string>();
  const granted = current.map((decision) => {
    const claimedAt = new Date(toNumber(rows.get(decision.scheduleId)?.store_now ?? 0));
    return { decision, firings: newFirings(decision, { node, claimedAt, known }) };
  });
  await insertFirings(
    session,
    trx,
    granted.flatMap(({ firings }) => firings),
  );
  await advanceSchedules(session, trx, granted);
  return granted;
}

async function knownFirings(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  decisions: readonly SlotDecision[],
): Promise<Set<string>> {
  const known = new Set<string>();
  for (const ids of inBatches(decisions.flatMap(({ firings }) => firings.map(({ id }) => id)))) {
    const rows = await trx.selectFrom(session.tables.firings).select('id').where('id', 'in', ids).execute();
    for (const { id } of rows) known.add(id);
  }
  return known;
}

/** @param known ids that are in the ledger; those of the result are added */
function newFirings(
  { scheduleId, incarnation, firings }: SlotDecision,
  { node, claimedAt, known }: { node: string; claimedAt: Date; known: Set<string> },
): Firing[] {
  const written: Firing[] = [];
  for (const { id, slot, until, count, kind, state, reason } of firings) {
    if (known.has(id)) continue;
    known.add(id);
    // Field by field: a spread takes five times as long, which shows where thousands are due.
    written.push({
      id,
      scheduleId,
      incarnation,
      slot,
      until,
      count,
      kind,
      state,
      reason,
      node,
      claimedAt,
      submittedAt: null,
    });
  }
  return written;
}

/** @throws FiringKnownError */
async function insertFirings(session: SqlSession, trx: Kysely<SqlTables>, firings: readonly Firing[]): Promise<void> {
  const { dialect, tables } = session;
  try {
    await insertRows(trx, dialect, tables.firings, { columns: FIRING_COLUMNS, rows: firings.map(firingToRow) });
  } catch (err) {
    if (dialect.kindOfError(err) === 'duplicate-key') throw new FiringKnownError('The firing is in the ledger.');
    throw err;
  }
}

async function advanceSchedules(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  granted: readonly Granted[],
): Promise<void> {
  const { dialect, tables } = session;
  const stored = (column: string) => sql.ref(`${tables.schedules}.${column}`);
  const rows = granted.map(({ decision, firings }) => {
    const { runs, newest } = runsAmong(firings);
    return {
      id: decision.scheduleId,
      next_run: fromDate(decision.nextRun),
      error: decision.error,
      last_run: fromDate(newest?.slot ?? null),
      last_task_id: newest?.id ?? null,
      runs: runs.length,
    };
  });
  await updateRows(
    trx,
    dialect,
    tables.schedules,
    { columns: ADVANCED, rows },
    {
      set: {
        next_run: sql.ref('given.next_run'),
        error: sql.ref('given.error'),
        last_run: sql`coalesce(${sql.ref('given.last_run')}, ${stored('last_run')})`,
        last_task_id: sql`coalesce(${sql.ref('given.last_task_id')}, ${stored('last_task_id')})`,
        run_count: sql`${stored('run_count')} + ${sql.ref('given.runs')}`,
      },
      where: sql`${stored('id')} = ${sql.ref('given.id')}`,
    },
  );
}
