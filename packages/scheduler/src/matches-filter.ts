import type { ScheduledTask, ScheduleFilter } from '@flowrra/core';

/** Whether a schedule is among those that a filter asks for, for stores that look at each one. */
export function matchesFilter(task: ScheduledTask, { taskName, owner, enabled, text }: ScheduleFilter): boolean {
  if (taskName !== undefined && task.taskName !== taskName) return false;
  if (owner !== undefined && task.owner !== owner) return false;
  if (enabled !== undefined && task.enabled !== enabled) return false;
  const part = text?.toLowerCase() ?? '';
  return [task.id, task.taskName, task.description ?? ''].some((field) => field.toLowerCase().includes(part));
}
