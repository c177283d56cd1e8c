import type { ScheduleFilter } from '@flowrra/core';
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { SqlTables } from './schema.js';

export type Schedules<Row> = SelectQueryBuilder<SqlTables, 'schedules', Row>;

/** Those that are due at the instant, the longest overdue first. */
export function whereDue<Row>(schedules: Schedules<Row>, now: RawBuilder<number>): Schedules<Row> {
  return schedules.where('enabled', '=', 1).where('next_run', '<=', now).orderBy('next_run').orderBy('id');
}

export function exceptTasks<Row>(schedules: Schedules<Row>, names: readonly string[] = []): Schedules<Row> {
  return names.length === 0 ? schedules : schedules.where('task_name', 'not in', names);
}

export function whereMatching<Row>(schedules: Schedules<Row>, filter: ScheduleFilter): Schedules<Row> {
  const { taskName, owner, enabled, text } = filter;
  let matching = schedules;
  if (taskName !== undefined) matching = matching.where('task_name', '=', taskName);
  if (owner !== undefined) matching = matching.where('owner', owner === null ? 'is' : '=', owner);
  if (enabled !== undefined) matching = matching.where('enabled', '=', Number(enabled));
  // Byte by byte, as `like` is not everywhere: SQLite reads some characters as others, and each engine has its own escapes.
  if (text) matching = matching.where(sql<boolean>`replace(search_text, ${text.toLowerCase()}, '') <> search_text`);
  return matching;
}
