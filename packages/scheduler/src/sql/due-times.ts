import type { DueTimes, ExceptTasks } from '@flowrra/core';
import { claimedFirings } from './firing-conditions.js';
import { toDate, toNumber } from './row-mapper.js';
import { exceptTasks } from './schedule-conditions.js';
import type { SqlSession } from './sql-session.js';

/** The clock, the next run and the oldest claim, in one statement whose parts each read one entry of an index. */
export async function readDueTimes(session: SqlSession, { exceptTasks: names }: ExceptTasks): Promise<DueTimes> {
  const { tables } = session;
  const row = await session.read((db) => {
    const nextRun = exceptTasks(db.selectFrom(tables.schedules), names)
      .select('next_run')
      .where('enabled', '=', 1)
      .where('next_run', 'is not', null)
      .orderBy('next_run')
      .orderBy('id')
      .limit(1);
    const oldestClaim = claimedFirings(db, tables, names).select('f.claimed_at').orderBy('f.claimed_at').limit(1);
    return db
      .selectNoFrom([session.now.as('store_now'), nextRun.as('next_run'), oldestClaim.as('oldest_claim')])
      .executeTakeFirstOrThrow();
  });
  return {
    now: new Date(toNumber(row.store_now)),
    nextRun: toDate(row.next_run),
    oldestClaim: toDate(row.oldest_claim),
  };
}
