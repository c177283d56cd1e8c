import { FlowrraError, type ScheduledTask } from '@flowrra/core';

/** Somebody damaged the stored row: what it was to do is lost, so it can neither run nor be enabled or disabled. */
export class ScheduleDamagedError extends FlowrraError {
  readonly code = 'SCHEDULE_DAMAGED';
  constructor(
    readonly scheduleId: string,
    damage: string | null,
  ) {
    super(
      `Schedule "${scheduleId}" is damaged. ${damage ?? 'It cannot be read: remove the schedule, or schedule it again.'}`,
    );
  }
}

/** Refuses to go on with stand-ins for what was lost, be it by a run or by writing them over it. @throws ScheduleDamagedError */
export function checkUndamaged({ id, damaged, error }: ScheduledTask): void {
  if (damaged) throw new ScheduleDamagedError(id, error);
}
