import {
  checkPage,
  type ExceptTasks,
  type Firing,
  type FiringMark,
  type Page,
  type UnsubmittedFiring,
} from '@flowrra/core';
import { type Kysely, sql } from 'kysely';
import { checkPageOptions } from '../check-filter.js';
import { checkId } from '../check-storable.js';
import { deleteRows, inBatches, updateRows } from './bulk-statements.js';
import { claimedFirings } from './firing-conditions.js';
import { type ReadSchedule, readSchedule, rowToFiring, toNumber } from './row-mapper.js';
import { type Column, FIRING_KEY, type FiringRow, type SqlTables } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** Most rows that one transaction removes. */
const BATCH = 500;
const MARKED = ['submitted', 'skipped', 'unknown'];

const KEY = ['id', 'schedule_id', 'slot'] as const;
/**
 * The state that a mark expects is a value of the given row, and compared with an expression: planners must neither look for
 * it first nor take the index on it, which leads to all that is claimed.
 */
const TO_MARK = [...FIRING_KEY, { name: 'was', kind: 'id' }] as const satisfies readonly Column[];
type FiringKey = Pick<FiringRow, (typeof KEY)[number]>;

/** Every query about the ledger but those of a claim. */
export class LedgerStore {
  readonly #session: SqlSession;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  async unsubmitted({
    exceptTasks,
    olderThan,
    limit,
  }: ExceptTasks & { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    const { tables, now } = this.#session;
    return this.#session.read(async (db) => {
      const claimed = await claimedFirings(db, tables, exceptTasks)
        .selectAll('f')
        .where('f.claimed_at', '<=', sql<number>`${now} - ${olderThan}`)
        .orderBy('f.claimed_at')
        .orderBy('f.slot')
        .orderBy('f.id')
        .limit(limit)
        .execute();
      const firings = claimed.map(rowToFiring);
      const schedules = await this.#schedulesOf(db, firings);
      return firings.map((firing) => {
        const { task = null, damage = null } = schedules.get(firing.scheduleId) ?? {};
        // Without its arguments a task is not pushed: as good as gone.
        const usable = task?.incarnation === firing.incarnation && damage === null;
        return { firing, schedule: usable ? task : null };
      });
    });
  }

  async mark(firings: readonly Firing[], { state, reason = null }: FiringMark): Promise<void> {
    this.#session.checkOpen();
    if (firings.length === 0) return;
    const { dialect, tables, now } = this.#session;
    const rows = firings.map(({ id, scheduleId, slot }) => ({
      id,
      schedule_id: scheduleId,
      slot: slot.getTime(),
      was: 'claimed',
    }));
    await this.#session.write(async (trx) => {
      await updateRows(
        trx,
        dialect,
        tables.firings,
        { columns: TO_MARK, rows },
        {
          key: KEY,
          set: {
            state: sql.val(state),
            reason: sql.val(reason),
            submitted_at: state === 'submitted' ? now : sql.lit(null),
          },
          where: sql`lower(${sql.ref(`${tables.firings}.state`)}) = ${sql.ref('given.was')}`,
        },
      );
    });
  }

  async list(scheduleId: string, page: Page = {}): Promise<Firing[]> {
    checkId(scheduleId);
    const { limit, offset } = checkPage(checkPageOptions(page));
    this.#session.checkOpen();
    if (limit === 0) return [];
    const rows = await this.#session.read((db) =>
      this.#newestFirst(db, scheduleId)
        .selectAll()
        .limit(Math.min(limit, Number.MAX_SAFE_INTEGER))
        .offset(offset)
        .execute(),
    );
    return rows.map(rowToFiring);
  }

  /** In batches, each a transaction of its own, so that nobody is held up for long. */
  async prune({ olderThan, keep }: { olderThan: number; keep: number }): Promise<number> {
    let removed = await this.#pruneByAge(olderThan);
    for (const scheduleId of await this.#schedulesWithMoreThan(keep)) {
      removed += await this.#pruneByCount(scheduleId, keep);
    }
    return removed;
  }

  async #pruneByAge(olderThan: number): Promise<number> {
    let removed = 0;
    while (true) {
      const rows = await this.#session.read((db) =>
        db
          .selectFrom(this.#session.tables.firings)
          .select(KEY)
          .where('state', 'in', MARKED)
          .where('claimed_at', '<', sql<number>`${this.#session.now} - ${olderThan}`)
          .limit(BATCH)
          .execute(),
      );
      removed += await this.#remove(rows);
      if (rows.length < BATCH) return removed;
    }
  }

  async #schedulesWithMoreThan(keep: number): Promise<string[]> {
    const rows = await this.#session.read((db) =>
      db
        .selectFrom(this.#session.tables.firings)
        .select('schedule_id')
        .groupBy('schedule_id')
        .having(({ fn }) => fn.countAll(), '>', keep)
        .execute(),
    );
    return rows.map(({ schedule_id }) => schedule_id);
  }

  async #pruneByCount(scheduleId: string, keep: number): Promise<number> {
    let removed = 0;
    let stay = keep;
    while (true) {
      const rows = await this.#session.read((db) =>
        this.#newestFirst(db, scheduleId)
          .select([...KEY, 'state'])
          .limit(BATCH)
          .offset(stay)
          .execute(),
      );
      const marked = rows.filter(({ state }) => state !== 'claimed');
      stay += rows.length - marked.length;
      removed += await this.#remove(marked);
      if (rows.length < BATCH) return removed;
    }
  }

  /** A firing that is marked stays so: nothing has to be looked at again. */
  async #remove(keys: readonly FiringKey[]): Promise<number> {
    if (keys.length === 0) return 0;
    const { dialect, tables } = this.#session;
    const rows = keys.map(({ id, schedule_id, slot }) => ({ id, schedule_id, slot: toNumber(slot) }));
    return this.#session.write((trx) => deleteRows(trx, dialect, tables.firings, { columns: FIRING_KEY, rows }));
  }

  async #schedulesOf(db: Kysely<SqlTables>, firings: readonly Firing[]): Promise<Map<string, ReadSchedule>> {
    const schedules = new Map<string, ReadSchedule>();
    for (const ids of inBatches([...new Set(firings.map(({ scheduleId }) => scheduleId))])) {
      const found = db
        .selectFrom(this.#session.tables.schedules)
        .selectAll()
        .where(this.#session.dialect.isOneOf(sql.ref('id'), ids));
      for (const row of await found.execute()) schedules.set(row.id, readSchedule(row));
    }
    return schedules;
  }

  #newestFirst(db: Kysely<SqlTables>, scheduleId: string) {
    return db
      .selectFrom(this.#session.tables.firings)
      .where('schedule_id', '=', scheduleId)
      .orderBy('slot', 'desc')
      .orderBy('id', 'desc');
  }
}
