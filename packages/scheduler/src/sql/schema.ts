/** What a column holds; each dialect says which type of its engine that is. */
export type ColumnKind =
  /** Text of at most 128 characters, compared and ordered byte by byte: ids, names, words. */
  | 'id'
  /** Text of any length. */
  | 'text'
  /** A JSON document; the engine's JSON type where it has one. */
  | 'json'
  /** A whole number of 64 bits: instants in epoch milliseconds, durations, counts. */
  | 'integer'
  /** 0 or 1. */
  | 'flag';

/** How engines and drivers hand out a BIGINT: mysql2 and pg may give text, better-sqlite3 may give a bigint. */
export type SqlInteger = number | string | bigint;

/** How drivers hand out a JSON document: parsed, or as text. */
export type SqlJson = unknown;

/** A row of `<prefix>schedules`. Instants are epoch milliseconds. */
export interface ScheduleRow {
  readonly id: string;
  readonly incarnation: string;
  readonly revision: SqlInteger;
  readonly task_name: string;
  readonly schedule_type: string;
  readonly schedule: string;
  readonly args: SqlJson;
  readonly kwargs: SqlJson;
  readonly time_zone: string;
  readonly enabled: SqlInteger;
  readonly last_run: SqlInteger | null;
  readonly next_run: SqlInteger | null;
  readonly last_task_id: string | null;
  /** `latest`, `skip` or `all:<n>`. */
  readonly catch_up: string;
  readonly overlap: string;
  readonly jitter: SqlInteger;
  readonly start_at: SqlInteger | null;
  readonly end_at: SqlInteger | null;
  readonly max_runs: SqlInteger | null;
  readonly run_count: SqlInteger;
  readonly queue: string | null;
  readonly priority: SqlInteger | null;
  readonly retries: SqlInteger | null;
  readonly timeout: SqlInteger | null;
  readonly description: string | null;
  readonly owner: string | null;
  readonly error: string | null;
  readonly created_at: SqlInteger;
  readonly updated_at: SqlInteger;
  /** `definitionHash`, by which `findByDefinition` looks. */
  readonly definition: string;
  /** Id, task name and description in small letters, so that a search is the same on every engine. */
  readonly search_text: string;
}

/** A row of `<prefix>firings`, the ledger. */
export interface FiringRow {
  readonly id: string;
  readonly schedule_id: string;
  readonly incarnation: string;
  readonly slot: SqlInteger;
  readonly until: SqlInteger | null;
  readonly count: SqlInteger;
  readonly kind: string;
  readonly state: string;
  readonly reason: string | null;
  readonly node: string;
  readonly claimed_at: SqlInteger;
  readonly submitted_at: SqlInteger | null;
}

/** The tables as Kysely knows them; `TableNames` has their names in the database. */
export interface SqlTables {
  schedules: ScheduleRow;
  firings: FiringRow;
}

/** A column in a bulk statement. */
export interface Column<Name extends string = string> {
  readonly name: Name;
  readonly kind: ColumnKind;
}

/** In the order in which bulk statements take them. */
export const SCHEDULE_COLUMNS = columns<keyof ScheduleRow>({
  id: 'id',
  incarnation: 'id',
  revision: 'integer',
  task_name: 'id',
  schedule_type: 'id',
  schedule: 'text',
  args: 'json',
  kwargs: 'json',
  time_zone: 'id',
  enabled: 'flag',
  last_run: 'integer',
  next_run: 'integer',
  last_task_id: 'id',
  catch_up: 'id',
  overlap: 'id',
  jitter: 'integer',
  start_at: 'integer',
  end_at: 'integer',
  max_runs: 'integer',
  run_count: 'integer',
  queue: 'id',
  priority: 'integer',
  retries: 'integer',
  timeout: 'integer',
  description: 'text',
  owner: 'id',
  error: 'text',
  created_at: 'integer',
  updated_at: 'integer',
  definition: 'id',
  search_text: 'text',
});

/** In the order in which bulk statements take them. */
export const FIRING_COLUMNS = columns<keyof FiringRow>({
  id: 'id',
  schedule_id: 'id',
  incarnation: 'id',
  slot: 'integer',
  until: 'integer',
  count: 'integer',
  kind: 'id',
  state: 'id',
  reason: 'text',
  node: 'id',
  claimed_at: 'integer',
  submitted_at: 'integer',
});

/** The primary key of a firing. */
export const FIRING_KEY = columns<'id' | 'schedule_id' | 'slot'>({ id: 'id', schedule_id: 'id', slot: 'integer' });

function columns<Name extends string>(kinds: Record<Name, ColumnKind>): readonly Column<Name>[] {
  return (Object.keys(kinds) as Name[]).map((name) => ({ name, kind: kinds[name] }));
}

/** All that a backend makes in its database; the names follow its prefix. For tests that take it back past the backend. */
export const ALL_TABLES = ['schedules', 'firings', 'migrations', 'migrations_lock'] as const;

/** The names of the tables in the database, for Kysely, which knows them without their prefix. */
export interface TableNames {
  readonly schedules: 'schedules';
  readonly firings: 'firings';
}

export function tableNames(prefix: string): TableNames {
  // Not the truth, but what makes every query typed: columns are the same under any prefix.
  return { schedules: `${prefix}schedules` as 'schedules', firings: `${prefix}firings` as 'firings' };
}
