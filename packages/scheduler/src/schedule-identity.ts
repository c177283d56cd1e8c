import { createHash } from 'node:crypto';
import type { Firing, JsonValue, ScheduledTask } from '@flowrra/core';

/** What makes two schedules the same one, if neither has an id of its own. */
export type ScheduleIdentity = Pick<
  ScheduledTask,
  'taskName' | 'scheduleType' | 'schedule' | 'args' | 'kwargs' | 'timeZone'
>;

/** 64 hexadecimal digits, the same for the same definition whatever the order of its keys. */
export function definitionHash(definition: ScheduleIdentity): string {
  const { taskName, scheduleType, schedule, args, kwargs, timeZone } = definition;
  return sha256(canonicalJson([taskName, scheduleType, schedule, args, kwargs, timeZone]));
}

/** The id of a schedule that was given none. */
export function autoId(definition: ScheduleIdentity): string {
  return `auto-${definitionHash(definition).slice(0, 32)}`;
}

/** The id of a firing and of its task: the same on every node, so that a slot cannot be enqueued twice. */
export function firingId(incarnation: string, slot: Date, kind: Firing['kind']): string {
  return `${kind}-${sha256(`${incarnation} ${slot.getTime()} ${kind}`).slice(0, 32)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with the keys of every object in order. */
function canonicalJson(value: JsonValue): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
