import type { Page } from '../backends/base-result-backend.js';
import type { ScheduledTask } from './scheduled-task.js';

/**
 * One change of a stored schedule: `before` is null for a creation, `after` for a removal. It holds only if the stored
 * row is still `before`: the same incarnation, revision and next run; for a creation, if the id is free.
 */
export type ScheduleChange =
  | { readonly before: null; readonly after: ScheduledTask }
  | { readonly before: ScheduledTask; readonly after: ScheduledTask | null };

/** Which schedules to list. Several conditions hold together. */
export interface ScheduleFilter extends Page {
  readonly taskName?: string | undefined;
  /** Null: those without an owner. */
  readonly owner?: string | null | undefined;
  readonly enabled?: boolean | undefined;
  /** A part of the id, task name or description, whatever the case of its letters; no wildcards. */
  readonly text?: string | undefined;
}
