import {
  ArgumentError,
  checkName,
  encodeJson,
  type FiringMark,
  type JsonObject,
  type JsonValue,
  type ScheduledTask,
  SerializationError,
  type SlotDecision,
} from '@flowrra/core';

/** The instants of a schedule, which every store keeps to the millisecond. */
const INSTANTS = ['lastRun', 'nextRun', 'startAt', 'endAt', 'createdAt', 'updatedAt'] as const;
const TEXTS = ['taskName', 'schedule', 'timeZone', 'lastTaskId', 'queue', 'description', 'owner', 'error'] as const;

const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Refuses, before anything is written and alike for every store, what one of them could not keep: PostgreSQL has no
 * U+0000, none has half of a surrogate pair or an invalid date.
 * @throws ArgumentError for an id that is no name, or an invalid date
 * @throws SerializationError, PayloadTooLargeError for `args` and `kwargs` that are no JSON, and for ill-formed text
 */
export function checkStorable(task: ScheduledTask): void {
  checkName(task.id, 'id');
  encodeJson(task.args, 'args');
  encodeJson(task.kwargs, 'kwargs');
  for (const field of TEXTS) checkText(task[field], field);
  for (const field of INSTANTS) checkInstant(task[field], field);
}

/**
 * The decision with texts that every store can keep: errors and reasons may quote what a foreign error says, and that
 * must not stop a claim.
 */
export function storableDecision(decision: SlotDecision): SlotDecision {
  // The usual one has no text, and copies of ten thousand would show.
  if (decision.error === null && decision.firings.every(({ reason }) => reason === null)) return decision;
  const firings = decision.firings.map((firing) => ({ ...firing, reason: storableText(firing.reason) }));
  return { ...decision, error: storableText(decision.error), firings };
}

/** The same for a mark. */
export function storableMark({ state, reason = null }: FiringMark): FiringMark {
  return { state, reason: storableText(reason) };
}

/** A copy that shares nothing with the original, as if it had been written to a database and read back. */
export function copySchedule(task: ScheduledTask): ScheduledTask {
  return {
    ...task,
    args: copyJson(task.args) as readonly JsonValue[],
    kwargs: copyJson(task.kwargs) as JsonObject | null,
    catchUp: typeof task.catchUp === 'string' ? task.catchUp : { ...task.catchUp },
    lastRun: copyDate(task.lastRun),
    nextRun: copyDate(task.nextRun),
    startAt: copyDate(task.startAt),
    endAt: copyDate(task.endAt),
    createdAt: new Date(task.createdAt),
    updatedAt: new Date(task.updatedAt),
  };
}

export function copyDate(date: Date | null): Date | null {
  return date && new Date(date);
}

/** Whether both are the same instant, or both none. */
export function sameInstant(a: Date | null, b: Date | null): boolean {
  return a?.getTime() === b?.getTime();
}

function copyJson(value: JsonValue): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

function storableText(text: string | null): string | null {
  return text?.replaceAll('\0', '\uFFFD').replace(LONE_SURROGATE, '\uFFFD') ?? null;
}

/** The rules for texts are those for the texts inside of arguments. */
function checkText(text: string | null, field: string): void {
  if (text === null) return;
  if (typeof text !== 'string') throw new SerializationError(field, 'is no text');
  encodeJson(text, field);
}

/** @throws ArgumentError for an invalid date */
export function checkInstant(date: Date | null, field: string): void {
  if (date === null || (date instanceof Date && !Number.isNaN(date.getTime()))) return;
  throw new ArgumentError(field, `${field} must be a valid Date${field.endsWith('At') ? '' : ', or null'}.`);
}
