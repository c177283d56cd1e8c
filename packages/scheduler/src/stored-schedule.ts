import type { FiringMark, JsonObject, JsonValue, ScheduledTask, SlotDecision } from '@flowrra/core';

const LONE_SURROGATE = /\p{Surrogate}/gu;

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

/** What tells whether a row is still the one that was read. */
export type RowVersion = Pick<ScheduledTask, 'incarnation' | 'revision' | 'nextRun'>;

export function isSameVersion(row: RowVersion, read: RowVersion): boolean {
  return (
    row.incarnation === read.incarnation && row.revision === read.revision && sameInstant(row.nextRun, read.nextRun)
  );
}

/** Names what a schedule is defined as: each change has another one. */
export function versionOf({ incarnation, revision }: Omit<RowVersion, 'nextRun'>): string {
  return `${incarnation} ${revision}`;
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
