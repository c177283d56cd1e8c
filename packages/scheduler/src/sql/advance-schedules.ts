import type { Firing, SlotDecision } from '@flowrra/core';
import { type Kysely, sql } from 'kysely';
import { runsAmong } from '../claimed-runs.js';
import { updateRows } from './bulk-statements.js';
import { fromDate } from './row-mapper.js';
import type { Column, SqlTables } from './schema.js';
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

/** What the decision was made for. */
const DECIDED_FOR = [
  { name: 'incarnation', kind: 'id' },
  { name: 'revision', kind: 'integer' },
  { name: 'due_at', kind: 'integer' },
] as const satisfies readonly Column[];

/** A decision whose row is still the one that was read, and is locked; with the firings that are to be written. */
export interface Granted {
  readonly decision: SlotDecision;
  readonly firings: readonly Firing[];
}

/**
 * Lets schedules wait for their next slots, and counts their runs.
 * @param onlyIfCurrent whether to leave out rows that are not the ones that were read
 * @returns how many were advanced
 */
export async function advanceSchedules(
  session: SqlSession,
  trx: Kysely<SqlTables>,
  granted: readonly Granted[],
  onlyIfCurrent: boolean,
): Promise<number> {
  const { dialect, tables } = session;
  const stored = (column: string) => sql.ref(`${tables.schedules}.${column}`);
  const given = (column: string) => sql.ref(`given.${column}`);
  const isCurrent = sql`${stored('incarnation')} = ${given('incarnation')} and ${stored('revision')} = ${given('revision')}
    and (${stored('next_run')} = ${given('due_at')} or ${stored('next_run')} is null and ${given('due_at')} is null)`;
  return updateRows(
    trx,
    dialect,
    tables.schedules,
    { columns: onlyIfCurrent ? [...ADVANCED, ...DECIDED_FOR] : ADVANCED, rows: granted.map(toAdvance) },
    {
      key: ['id'],
      set: {
        next_run: given('next_run'),
        error: given('error'),
        last_run: sql`coalesce(${given('last_run')}, ${stored('last_run')})`,
        last_task_id: sql`coalesce(${given('last_task_id')}, ${stored('last_task_id')})`,
        run_count: sql`${stored('run_count')} + ${given('runs')}`,
      },
      ...(onlyIfCurrent && { where: isCurrent }),
    },
  );
}

function toAdvance({ decision, firings }: Granted) {
  const { runs, newest } = runsAmong(firings);
  return {
    id: decision.scheduleId,
    next_run: fromDate(decision.nextRun),
    error: decision.error,
    last_run: fromDate(newest?.slot ?? null),
    last_task_id: newest?.id ?? null,
    runs: runs.length,
    incarnation: decision.incarnation,
    revision: decision.revision,
    due_at: fromDate(decision.dueAt),
  };
}
