import {
  checkPage,
  type ScheduledTask,
  ScheduleExistsError,
  type ScheduleFilter,
  ScheduleNotFoundError,
} from '@flowrra/core';
import { sql, type UpdateObject } from 'kysely';
import { checkConditions } from '../check-filter.js';
import { checkId, checkIdentity, checkInstant, checkRunTimes, checkStorable } from '../check-storable.js';
import { definitionHash, type ScheduleIdentity } from '../schedule-identity.js';
import { insertRows } from './bulk-statements.js';
import { fromDate, rowToSchedule, scheduleToRow } from './row-mapper.js';
import { type Schedules, whereDue, whereMatching } from './schedule-conditions.js';
import { SCHEDULE_COLUMNS, type ScheduleRow, type SqlTables } from './schema.js';
import type { SqlSession } from './sql-session.js';

/** Every query about one schedule, and every list of schedules. */
export class ScheduleStore {
  readonly #session: SqlSession;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  async create(task: ScheduledTask): Promise<void> {
    checkStorable(task);
    const { dialect, tables } = this.#session;
    const rows = [scheduleToRow({ ...task, revision: 1 })];
    await this.#session.write(async (trx) => {
      try {
        await insertRows(trx, dialect, tables.schedules, { columns: SCHEDULE_COLUMNS, rows });
      } catch (err) {
        if (dialect.kindOfError(err) === 'duplicate-key') throw new ScheduleExistsError(task.id);
        throw err;
      }
      await this.#session.notifyChange(trx);
    });
  }

  async update(task: ScheduledTask): Promise<void> {
    checkStorable(task);
    const { revision: _storesOwn, ...row } = scheduleToRow(task);
    await this.#set(task.id, { ...row, revision: sql<number>`revision + 1` });
  }

  async updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void> {
    checkRunTimes(lastRun, nextRun);
    await this.#set(id, { last_run: lastRun.getTime(), next_run: fromDate(nextRun) });
  }

  async #set(id: string, values: UpdateObject<SqlTables, 'schedules'>): Promise<void> {
    checkId(id);
    await this.#session.write(async (trx) => {
      const { schedules } = this.#session.tables;
      const { numUpdatedRows } = await trx.updateTable(schedules).set(values).where('id', '=', id).executeTakeFirst();
      if (numUpdatedRows === 0n) throw new ScheduleNotFoundError(id);
      await this.#session.notifyChange(trx);
    });
  }

  async delete(id: string): Promise<boolean> {
    checkId(id);
    return (await this.#remove(id)) > 0;
  }

  clear(): Promise<number> {
    return this.#remove();
  }

  #remove(id?: string): Promise<number> {
    return this.#session.write(async (trx) => {
      const all = trx.deleteFrom(this.#session.tables.schedules);
      const { numDeletedRows } = await (id === undefined ? all : all.where('id', '=', id)).executeTakeFirst();
      if (numDeletedRows > 0n) await this.#session.notifyChange(trx);
      return Number(numDeletedRows);
    });
  }

  async get(id: string): Promise<ScheduledTask | null> {
    checkId(id);
    const found = await this.#list((schedules) => schedules.where('id', '=', id));
    return found[0] ?? null;
  }

  listAll(): Promise<ScheduledTask[]> {
    return this.#list((schedules) => schedules.orderBy('id'));
  }

  listEnabled(): Promise<ScheduledTask[]> {
    return this.#list((schedules) => schedules.where('enabled', '=', 1).orderBy('id'));
  }

  async listDue(now: Date | undefined): Promise<ScheduledTask[]> {
    if (now !== undefined) checkInstant(now, 'now');
    return this.#list((schedules) => whereDue(schedules, now ? sql.val(now.getTime()) : this.#session.now));
  }

  async findByDefinition(definition: ScheduleIdentity): Promise<ScheduledTask | null> {
    checkIdentity(definition);
    const found = await this.#list((schedules) =>
      schedules.where('definition', '=', definitionHash(definition)).orderBy('created_at').orderBy('id').limit(1),
    );
    return found[0] ?? null;
  }

  async listMatching(filter: ScheduleFilter): Promise<ScheduledTask[]> {
    const { limit, offset } = checkPage(checkConditions(filter));
    this.#session.checkOpen();
    if (limit === 0) return [];
    return this.#list((schedules) => {
      const matching = whereMatching(schedules, filter).orderBy('id');
      // MySQL and SQLite know no offset without a limit.
      return limit === Infinity && offset === 0
        ? matching
        : matching.limit(Math.min(limit, Number.MAX_SAFE_INTEGER)).offset(offset);
    });
  }

  async #list(narrow: (schedules: Schedules<ScheduleRow>) => Schedules<ScheduleRow>): Promise<ScheduledTask[]> {
    const rows = await this.#session.read((db) =>
      narrow(db.selectFrom(this.#session.tables.schedules).selectAll()).execute(),
    );
    return rows.map(rowToSchedule);
  }
}
