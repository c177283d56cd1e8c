import type { DueSchedules, DueTimes, ExceptTasks } from '@flowrra/core';
import { claimedFirings } from './firing-conditions.js';
import { type ReadSchedule, readSchedule, toDate, toInstant } from './row-mapper.js';
import { exceptTasks, whereDue } from './schedule-conditions.js';
import type { SqlInteger } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** What there is to do, and when: without a query where the engine can tell that nothing was written since the last. */
export class DueTimesReader {
  readonly #session: SqlSession;
  #last: { readonly question: string; readonly answer: DueTimes } | null = null;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  async read({ exceptTasks: names = [] }: ExceptTasks): Promise<DueTimes> {
    const version = await this.#session.version();
    const question = version && JSON.stringify([version, names]);
    const now = this.#session.processNow;
    if (question && now !== null && question === this.#last?.question) {
      return { ...structuredClone(this.#last.answer), now: new Date(now) };
    }
    const answer = await readDueTimes(this.#session, names);
    this.#last = question ? { question, answer: structuredClone(answer) } : null;
    return answer;
  }
}

/** The clock, the next run and the oldest claim, in one statement whose parts each read one entry of an index. */
async function readDueTimes(session: SqlSession, names: readonly string[]): Promise<DueTimes> {
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
    now: toInstant(row.store_now),
    nextRun: toDate(row.next_run),
    oldestClaim: toDate(row.oldest_claim),
  };
}

/** What is due by the store's clock, in one statement; a damaged row does not come again. */
export async function readDue(
  session: SqlSession,
  { exceptTasks: names, limit }: ExceptTasks & { limit: number },
): Promise<DueSchedules> {
  const rows = await session.read((db) =>
    whereDue(exceptTasks(db.selectFrom(session.tables.schedules), names), session.now)
      .selectAll()
      .select(session.now.as('store_now'))
      .limit(limit)
      .execute(),
  );
  const now = rows[0]?.store_now ?? (await readClock(session));
  const read = rows.map(readSchedule);
  const damaged = read.filter(({ damage }) => damage !== null);
  if (damaged.length > 0) await setAside(session, damaged);
  return { now: toInstant(now), schedules: read.flatMap(({ task, damage }) => (damage === null ? task : [])) };
}

async function readClock(session: SqlSession): Promise<SqlInteger> {
  const { now } = await session.read((db) => db.selectNoFrom(session.now.as('now')).executeTakeFirstOrThrow());
  return now;
}

/** Lets them be due no more, and shows why, so that they hold up nobody; who repairs one gives it its next run. */
async function setAside(session: SqlSession, damaged: readonly ReadSchedule[]): Promise<void> {
  await session.write(async (trx) => {
    for (const { task, damage } of damaged) {
      const { id, incarnation, revision } = task;
      await trx
        .updateTable(session.tables.schedules)
        .set({ next_run: null, error: damage })
        .where('id', '=', id)
        .where('incarnation', '=', incarnation)
        .where('revision', '=', revision)
        .execute();
    }
  });
}
