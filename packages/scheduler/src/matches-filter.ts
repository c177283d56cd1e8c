import type { ScheduledTask, ScheduleFilter } from '@flowrra/core';

/** Parts a text from the next one: no character, so that nobody looks for it. */
const NOWHERE = '\uFFFF';

/** Whether a schedule is among those that a filter asks for, for stores that look at each one. */
export function matchesFilter(task: ScheduledTask, { taskName, owner, enabled, text }: ScheduleFilter): boolean {
  if (taskName !== undefined && task.taskName !== taskName) return false;
  if (owner !== undefined && task.owner !== owner) return false;
  if (enabled !== undefined && task.enabled !== enabled) return false;
  return text === undefined || searchText(task).includes(text.toLowerCase());
}

/** All that a filter's text can be a part of, in small letters. */
export function searchText({ id, taskName, description }: ScheduledTask): string {
  return [id, taskName, description ?? ''].join(NOWHERE).toLowerCase();
}
