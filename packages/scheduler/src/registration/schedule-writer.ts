import { type BaseSchedulerBackend, type ScheduledTask, ScheduleNotFoundError } from '@flowrra/core';
import { checkUndamaged } from '../schedule-damaged-error.js';
import { changeUntilCurrent } from './change-until-current.js';
import type { DefinedSchedule } from './check-definition.js';
import { changedFields, changedSchedule, disabledSchedule, enabledSchedule, newSchedule } from './schedule-changes.js';
import { ScheduleOwnedError } from './schedule-owned-error.js';

/**
 * Creates the schedule, or makes the stored one as defined.
 * @returns the stored schedule
 * @throws ScheduleOwnedError
 */
export function registerSchedule(backend: BaseSchedulerBackend, defined: DefinedSchedule): Promise<ScheduledTask> {
  return changeUntilCurrent(backend, `Schedule "${defined.id}"`, async () => {
    const before = await backend.get(defined.id);
    if (before && before.owner !== defined.owner) throw new ScheduleOwnedError(before.id, before.owner);
    if (before && changedFields(before, defined).length === 0) return { changes: [], result: before };
    const { now } = await backend.dueTimes();
    if (!before) {
      const created = newSchedule(defined, now);
      return { changes: [{ before, after: created }], result: created };
    }
    const after = changedSchedule(before, defined, now);
    return { changes: [{ before, after }], result: after };
  });
}

/**
 * Enables or disables. What is enabled already stays as it is, unless it broke: then it is tried again.
 * @throws ScheduleNotFoundError, ScheduleDamagedError
 */
export function switchSchedule(backend: BaseSchedulerBackend, id: string, enabled: boolean): Promise<void> {
  return changeUntilCurrent(backend, `Schedule "${id}"`, async () => {
    const before = await backend.get(id);
    if (!before) throw new ScheduleNotFoundError(id);
    checkUndamaged(before);
    const isBroken = before.error !== null && before.nextRun === null;
    if (before.enabled === enabled && !(enabled && isBroken)) return { changes: [], result: undefined };
    const { now } = await backend.dueTimes();
    const after = enabled ? enabledSchedule(before, now) : disabledSchedule(before, now);
    return { changes: [{ before, after }], result: undefined };
  });
}
