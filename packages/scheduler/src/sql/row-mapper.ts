import type { CatchUp, Firing, JsonObject, JsonValue, ScheduledTask } from '@flowrra/core';
import { searchText } from '../matches-filter.js';
import { definitionHash } from '../schedule-identity.js';
import type { FiringRow, ScheduleRow, SqlInteger, SqlJson } from './schema.js';
import type { Cell } from './sql-dialect.js';

/** A row to be written. */
type Written<Row> = {
  readonly [Column in keyof Row]: unknown extends Row[Column] ? string | null : Extract<Row[Column], Cell>;
};

export function scheduleToRow(task: ScheduledTask): Written<ScheduleRow> {
  return {
    id: task.id,
    incarnation: task.incarnation,
    revision: task.revision,
    task_name: task.taskName,
    schedule_type: task.scheduleType,
    schedule: task.schedule,
    args: JSON.stringify(task.args),
    kwargs: task.kwargs && JSON.stringify(task.kwargs),
    time_zone: task.timeZone,
    enabled: Number(task.enabled),
    last_run: fromDate(task.lastRun),
    next_run: fromDate(task.nextRun),
    last_task_id: task.lastTaskId,
    catch_up: typeof task.catchUp === 'string' ? task.catchUp : `all:${task.catchUp.all}`,
    overlap: task.overlap,
    jitter: task.jitter,
    start_at: fromDate(task.startAt),
    end_at: fromDate(task.endAt),
    max_runs: task.maxRuns,
    run_count: task.runCount,
    queue: task.queue,
    priority: task.priority,
    retries: task.retries,
    timeout: task.timeout,
    description: task.description,
    owner: task.owner,
    error: task.error,
    created_at: task.createdAt.getTime(),
    updated_at: task.updatedAt.getTime(),
    definition: definitionHash(task),
    search_text: searchText(task),
  };
}

/** What a schedule shows that somebody damaged in the database; it cannot fire. */
const NO_JSON = 'The stored arguments are no JSON: remove the schedule, or schedule it again.';
const NO_INSTANT = 'A stored instant is no date that there is: remove the schedule, or schedule it again.';

/** Epoch milliseconds of the last date that there is; the first one is as far before 1970. */
const LAST_INSTANT = 8.64e15;
const INSTANTS = ['last_run', 'next_run', 'start_at', 'end_at', 'created_at', 'updated_at'] as const;

/** A row that was read, and why it cannot fire if somebody damaged it. */
export interface ReadSchedule {
  readonly task: ScheduledTask;
  readonly damage: string | null;
}

/** Never throws: a damaged row must not keep others from being read. */
export function rowToSchedule(row: ScheduleRow): ScheduledTask {
  return readSchedule(row).task;
}

/** The same; whether a row is damaged, its stored error does not tell, which stays after somebody repaired it. */
export function readSchedule(row: ScheduleRow): ReadSchedule {
  const args = toJson(row.args);
  const kwargs = toJson(row.kwargs);
  const readable = Array.isArray(args) && kwargs !== undefined;
  const damage = !readable ? NO_JSON : INSTANTS.some((column) => isBeyond(row[column])) ? NO_INSTANT : null;
  const task: ScheduledTask = {
    id: row.id,
    incarnation: row.incarnation,
    revision: toNumber(row.revision),
    taskName: row.task_name,
    // What was written came from a ScheduledTask, and words are kept byte by byte.
    scheduleType: row.schedule_type as ScheduledTask['scheduleType'],
    schedule: row.schedule,
    // JSON that was written as such.
    args: readable ? (args as readonly JsonValue[]) : [],
    kwargs: readable ? (kwargs as JsonObject | null) : null,
    timeZone: row.time_zone,
    enabled: toNumber(row.enabled) === 1,
    lastRun: toDate(row.last_run),
    nextRun: toDate(row.next_run),
    lastTaskId: row.last_task_id,
    catchUp: toCatchUp(row.catch_up),
    overlap: row.overlap as ScheduledTask['overlap'],
    jitter: toNumber(row.jitter),
    startAt: toDate(row.start_at),
    endAt: toDate(row.end_at),
    maxRuns: toNumberOrNull(row.max_runs),
    runCount: toNumber(row.run_count),
    queue: row.queue,
    priority: toNumberOrNull(row.priority),
    retries: toNumberOrNull(row.retries),
    timeout: toNumberOrNull(row.timeout),
    description: row.description,
    owner: row.owner,
    error: damage ?? row.error,
    createdAt: toInstant(row.created_at),
    updatedAt: toInstant(row.updated_at),
    ...(damage !== null && { damaged: true }),
  };
  return { task, damage };
}

export function firingToRow(firing: Firing): Written<FiringRow> {
  return {
    id: firing.id,
    schedule_id: firing.scheduleId,
    incarnation: firing.incarnation,
    slot: firing.slot.getTime(),
    until: fromDate(firing.until),
    count: firing.count,
    kind: firing.kind,
    state: firing.state,
    reason: firing.reason,
    node: firing.node,
    claimed_at: firing.claimedAt.getTime(),
    submitted_at: fromDate(firing.submittedAt),
  };
}

export function rowToFiring(row: FiringRow): Firing {
  return {
    id: row.id,
    scheduleId: row.schedule_id,
    incarnation: row.incarnation,
    slot: toInstant(row.slot),
    until: toDate(row.until),
    count: toNumber(row.count),
    kind: row.kind as Firing['kind'],
    state: row.state as Firing['state'],
    reason: row.reason,
    node: row.node,
    claimedAt: toInstant(row.claimed_at),
    submittedAt: toDate(row.submitted_at),
  };
}

/** Instants and counts stay far below 2^53. */
export function toNumber(value: SqlInteger): number {
  return Number(value);
}

export function toDate(value: SqlInteger | null): Date | null {
  return value === null ? null : toInstant(value);
}

/** Always a valid date: one that is none would be neither due nor not due, and so stop everything. */
export function toInstant(value: SqlInteger): Date {
  const instant = Number(value);
  // SQLite keeps texts in columns of numbers.
  return new Date(Number.isNaN(instant) ? LAST_INSTANT : Math.max(-LAST_INSTANT, Math.min(LAST_INSTANT, instant)));
}

function isBeyond(value: SqlInteger | null): boolean {
  return value !== null && !(Math.abs(Number(value)) <= LAST_INSTANT);
}

export function fromDate(date: Date | null): number | null {
  return date === null ? null : date.getTime();
}

function toNumberOrNull(value: SqlInteger | null): number | null {
  return value === null ? null : Number(value);
}

/** A document is an array or an object: text is one that the driver did not parse. Undefined when it is damaged. */
function toJson(value: SqlJson): unknown {
  if (typeof value !== 'string') return value ?? null;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function toCatchUp(text: string): CatchUp {
  if (text === 'latest' || text === 'skip') return text;
  return { all: Number(text.slice('all:'.length)) };
}
