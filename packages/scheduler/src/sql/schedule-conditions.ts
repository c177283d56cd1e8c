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
  if (text) matching = matching.where(sql<boolean>`search_text like ${containing(text)} escape '!'`);
  return matching;
}

/** A pattern that matches texts with this part. A backslash would mean something else to each engine. */
function containing(part: string): string {
  return `%${part.toLowerCase().replace(/[!%_]/g, '!$&')}%`;
}
