import { FlowrraError } from '@flowrra/core';

/** The id belongs to a schedule of somebody else: of another owner, or, if `owner` is null, of nobody. */
export class ScheduleOwnedError extends FlowrraError {
  readonly code = 'SCHEDULE_OWNED';
  constructor(
    readonly scheduleId: string,
    readonly owner: string | null,
  ) {
    super(
      owner === null
        ? `Schedule "${scheduleId}" exists already and has no owner. Choose another id, or remove it with unschedule() first.`
        : `Schedule "${scheduleId}" belongs to "${owner}". Choose another id, or change it where "${owner}" declares it.`,
    );
  }
}
