import {
  ArgumentError,
  checkName,
  encodeJson,
  type ScheduleChange,
  type ScheduledTask,
  SerializationError,
} from '@flowrra/core';
import type { ScheduleIdentity } from './schedule-identity.js';

type Check = (value: unknown, field: string) => void;

/** Most characters of names and words, which stores index. */
const LONGEST_WORD = 128;

/** What each field of a stored schedule may hold; the store counts `revision` itself. */
const FIELDS = {
  id: checkName,
  incarnation: checkWord,
  taskName: checkWord,
  scheduleType: checkWord,
  schedule: checkText,
  args: checkList,
  kwargs: orNull(checkRecord),
  timeZone: checkWord,
  enabled: checkFlag,
  lastRun: orNull(checkInstant),
  nextRun: orNull(checkInstant),
  lastTaskId: orNull(checkWord),
  catchUp: checkCatchUp,
  overlap: checkWord,
  jitter: checkWhole,
  startAt: orNull(checkInstant),
  endAt: orNull(checkInstant),
  maxRuns: orNull(checkWhole),
  runCount: checkWhole,
  queue: orNull(checkWord),
  priority: orNull(checkWhole),
  retries: orNull(checkWhole),
  timeout: orNull(checkWhole),
  description: orNull(checkText),
  owner: orNull(checkWord),
  error: orNull(checkText),
  createdAt: checkInstant,
  updatedAt: checkInstant,
} satisfies Record<Exclude<keyof ScheduledTask, 'revision' | 'damaged'>, Check>;
const IDENTITY = ['taskName', 'scheduleType', 'schedule', 'args', 'kwargs', 'timeZone'] as const;
const CHECKS = Object.entries(FIELDS) as [keyof typeof FIELDS, Check][];

/**
 * Refuses, before anything is written and alike for every store, what one of them could not keep: PostgreSQL has no
 * U+0000, none has half of a surrogate pair or an invalid date, MySQL would round half a millisecond.
 * @throws ArgumentError for what is no schedule, an id that is no name, a name or word over 128 characters, and a value of
 *   another kind than the field's, such as an invalid date or a fraction
 * @throws SerializationError, PayloadTooLargeError for `args` and `kwargs` that are no JSON, and for ill-formed text
 */
export function checkStorable(task: ScheduledTask): void {
  if (typeof task !== 'object' || task === null) throw invalid('task', 'a schedule with all its fields');
  for (const [field, check] of CHECKS) check(task[field], field);
}

/**
 * An id that is looked for: whether it can be one does not matter, but another type would be compared in ways of its own.
 * MySQL takes the number 0 for nearly every text.
 * @throws ArgumentError
 */
export function checkId(id: unknown): void {
  if (typeof id !== 'string') throw invalid('id', 'a text');
}

/**
 * The same for several changes.
 * @throws ArgumentError also for a change that would give a schedule another id
 */
export function checkChanges(changes: readonly ScheduleChange[]): void {
  if (!Array.isArray(changes)) throw invalid('changes', 'a list of changes, each with "before" and "after"');
  for (const change of changes as readonly ScheduleChange[]) {
    const { before = null, after = null } = change ?? {};
    if (before) checkId(before.id);
    else if (!after) throw invalid('changes', 'changes, each of which has a schedule "before", "after", or both');
    if (after) checkStorable(after);
    if (before && after && before.id !== after.id)
      throw new ArgumentError('id', `A schedule keeps its id: remove "${before.id}" and create "${after.id}" instead.`);
  }
}

/** The same for a definition that is looked for. @throws ArgumentError, SerializationError, PayloadTooLargeError */
export function checkIdentity(definition: ScheduleIdentity): void {
  for (const field of IDENTITY) FIELDS[field](definition[field], field);
}

/** @throws ArgumentError */
export function checkRunTimes(lastRun: Date, nextRun: Date | null): void {
  checkInstant(lastRun, 'lastRun');
  FIELDS.nextRun(nextRun, 'nextRun');
}

/** @throws ArgumentError for what is no date, and for an invalid one */
export function checkInstant(value: unknown, field: string): void {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw invalid(field, 'a valid Date');
}

function orNull(check: Check): Check {
  return (value, field) => {
    if (value !== null) check(value, field);
  };
}

/** The rules for texts are those for the texts inside of arguments. */
function checkText(value: unknown, field: string): void {
  if (typeof value !== 'string') throw new SerializationError(field, 'is no text');
  encodeJson(value, field);
}

function checkWord(value: unknown, field: string): void {
  checkText(value, field);
  if ((value as string).length > LONGEST_WORD) throw invalid(field, `a text of at most ${LONGEST_WORD} characters`);
}

function checkList(value: unknown, field: string): void {
  if (!Array.isArray(value)) throw new SerializationError(field, 'is no list');
  encodeJson(value, field);
}

function checkRecord(value: unknown, field: string): void {
  if (typeof value !== 'object' || Array.isArray(value)) throw new SerializationError(field, 'is no object');
  encodeJson(value, field);
}

function checkFlag(value: unknown, field: string): void {
  if (typeof value !== 'boolean') throw invalid(field, 'true or false');
}

function checkWhole(value: unknown, field: string): void {
  if (!Number.isSafeInteger(value)) throw invalid(field, 'a whole number');
}

function checkCatchUp(value: unknown, field: string): void {
  if (value === 'latest' || value === 'skip') return;
  const all: unknown = typeof value === 'object' && value !== null && 'all' in value ? value.all : undefined;
  if (!Number.isSafeInteger(all)) throw invalid(field, '"latest", "skip", or { all: n }');
}

function invalid(field: string, what: string): ArgumentError {
  return new ArgumentError(field, `${field} must be ${what}.`);
}
