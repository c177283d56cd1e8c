import { type Firing, FlowrraError, type SlotDecision } from '@flowrra/core';
import type { Kysely } from 'kysely';
import { advanceSchedules, type Granted } from './advance-schedules.js';
import { findKeys, inRounds, insertRows } from './bulk-statements.js';
import { isSameRow, lockRows } from './locked-rows.js';
import { firingToRow, toNumber } from './row-mapper.js';
import { FIRING_COLUMNS, FIRING_KEY, type SqlTables } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** Something is not as a claim that trusted in it expects: ends the transaction. */
class NotAsExpectedError extends FlowrraError {
  readonly code = 'NOT_AS_EXPECTED';
}

interface ClaimOptions {
  readonly node: string;
  /** Whether to look what is in the store before writing, or to trust that all is as decided and undo it if not. */
  readonly look: boolean;
}

/** Writes what a node decided: three statements at most, however many decisions there are. */
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
    // Rare: another node was faster, or a schedule came back to a slot that had fired.
    if (err instanceof NotAsExpectedError) return claim(true);
    throw err;
  }
}

async function claimRound(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  decisions: readonly SlotDecision[],
  options: ClaimOptions,
): Promise<Granted[]> {
  const { processNow } = session;
  // Without row locks nobody else writes meanwhile: advancing tells as well whether all rows are the ones that were read.
  const trusts = !options.look && !session.dialect.rowLocks && processNow !== null;
  const granted = trusts
    ? grant(decisions, { ...options, claimedAt: () => processNow, known: new Set() })
    : await grantCurrent(session, trx, decisions, options);
  await insertFirings(
    session,
    trx,
    granted.flatMap(({ firings }) => firings),
  );
  const advanced = await advanceSchedules(session, trx, granted, trusts);
  if (trusts && advanced < granted.length) throw new NotAsExpectedError('Some schedules were changed meanwhile.');
  return granted;
}

/** Locks the rows, and grants the decisions whose rows are still the ones that were read. */
async function grantCurrent(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  decisions: readonly SlotDecision[],
  { node, look }: ClaimOptions,
): Promise<Granted[]> {
  const ids = decisions.map(({ scheduleId }) => scheduleId);
  const rows = await lockRows(session, trx, ids, 'leave out');
  const current = decisions.filter(({ scheduleId, incarnation, revision, dueAt }) =>
    isSameRow(rows.get(scheduleId), { incarnation, revision, nextRun: dueAt }),
  );
  const known = look ? await knownFirings(session, trx, current) : new Set<unknown>();
  return grant(current, { node, claimedAt: (id) => toNumber(rows.get(id)?.store_now ?? 0), known });
}

async function knownFirings(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  decisions: readonly SlotDecision[],
): Promise<Set<unknown>> {
  const keys = decisions.flatMap(({ scheduleId, firings }) =>
    firings.map(({ id, slot }) => ({ id, schedule_id: scheduleId, slot: slot.getTime() })),
  );
  return findKeys(trx, session.dialect, session.tables.firings, { columns: FIRING_KEY, rows: keys });
}

/**
 * @param claimedAt when the schedule with this id is claimed, in epoch milliseconds
 * @param known ids that are in the ledger; those of the result are added
 */
function grant(
  decisions: readonly SlotDecision[],
  { node, claimedAt, known }: { node: string; claimedAt: (scheduleId: string) => number; known: Set<unknown> },
): Granted[] {
  return decisions.map((decision) => {
    const instant = new Date(claimedAt(decision.scheduleId));
    return { decision, firings: newFirings(decision, { node, claimedAt: instant, known }) };
  });
}

function newFirings(
  { scheduleId, incarnation, firings }: SlotDecision,
  { node, claimedAt, known }: { node: string; claimedAt: Date; known: Set<unknown> },
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

/** @throws NotAsExpectedError when one is in the ledger */
async function insertFirings(session: SqlSession, trx: Kysely<SqlTables>, firings: readonly Firing[]): Promise<void> {
  const { dialect, tables } = session;
  try {
    await insertRows(trx, dialect, tables.firings, { columns: FIRING_COLUMNS, rows: firings.map(firingToRow) });
  } catch (err) {
    if (dialect.kindOfError(err) === 'duplicate-key') throw new NotAsExpectedError('A firing is in the ledger.');
    throw err;
  }
}
