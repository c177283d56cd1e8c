/** The states of a task. */
export const TaskStatus = {
  PENDING: 'pending',
  RUNNING: 'running',
  RETRYING: 'retrying',
  SUCCESS: 'success',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
} as const;
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];

export type FinalStatus = 'success' | 'failed' | 'cancelled';

/** Which status may follow which. `running → running` is a redelivery: it needs a higher fence. */
export const NEXT_STATUSES: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  pending: ['running', 'failed', 'cancelled'],
  running: ['running', 'retrying', 'success', 'failed', 'cancelled'],
  retrying: ['running', 'failed', 'cancelled'],
  success: [],
  failed: [],
  cancelled: [],
};

/** Whether nothing follows this status. */
export function isFinal(status: TaskStatus): status is FinalStatus {
  return NEXT_STATUSES[status].length === 0;
}

/** Whether the value is one of the six statuses. */
export function isTaskStatus(value: unknown): value is TaskStatus {
  return typeof value === 'string' && Object.hasOwn(NEXT_STATUSES, value);
}
