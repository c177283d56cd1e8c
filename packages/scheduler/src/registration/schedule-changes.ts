import { isDeepStrictEqual } from 'node:util';
import type { ScheduledTask } from '@flowrra/core';
import { customAlphabet } from 'nanoid';
import { scheduleTimes } from '../schedule-times.js';
import { sameInstant } from '../stored-schedule.js';
import { runsLeft } from '../upcoming-slots.js';
import type { DefinedSchedule } from './check-definition.js';

/** What registering a schedule can change of a stored one; `enabled` belongs to those who operate it. */
export type ChangedField = Exclude<keyof DefinedSchedule, 'id' | 'enabled' | 'owner'> | 'error';

/** 21 characters: 125 random bits. */
const newIncarnation = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 21);

const FIELDS: readonly Exclude<ChangedField, 'error'>[] = [
  'taskName',
  'scheduleType',
  'schedule',
  'args',
  'kwargs',
  'timeZone',
  'catchUp',
  'overlap',
  'jitter',
  'startAt',
  'endAt',
  'maxRuns',
  'queue',
  'priority',
  'retries',
  'timeout',
  'description',
];

/** A schedule that is stored for the first time; `now` is the store's. */
export function newSchedule(defined: DefinedSchedule, now: Date): ScheduledTask {
  const schedule: ScheduledTask = {
    ...defined,
    incarnation: newIncarnation(),
    revision: 1,
    lastRun: null,
    nextRun: null,
    lastTaskId: null,
    runCount: 0,
    error: null,
    createdAt: now,
    updatedAt: now,
  };
  return { ...schedule, nextRun: schedule.enabled ? firstRun(schedule, now) : null };
}

/** In what a stored schedule differs from its definition. */
export function changedFields(stored: ScheduledTask, defined: DefinedSchedule): ChangedField[] {
  const changed: ChangedField[] = FIELDS.filter((field) => !isDeepStrictEqual(stored[field], defined[field]));
  // What it shows may be as defined, but is not what is stored.
  if (stored.damaged) return [...changed, 'error'];
  // It could not fire, and nobody will try again: being registered once more is what mends it.
  if (stored.enabled && stored.error !== null && stored.nextRun === null) changed.push('error');
  return changed;
}

/** The stored schedule as its definition wants it; `now` is the store's. */
export function changedSchedule(stored: ScheduledTask, defined: DefinedSchedule, now: Date): ScheduledTask {
  const { damaged: _mended, ...kept } = touched(stored, now);
  const { enabled } = stored;
  const after: ScheduledTask = { ...kept, ...defined, enabled, error: null };
  const nextRun = enabled ? nextRunAfterChange(stored, after, now) : null;
  // The ledger may have the slot as refused, and takes no second firing for it but of another incarnation.
  const incarnation = nextRun && isRetriedOnce(stored, after) ? newIncarnation() : stored.incarnation;
  return { ...after, incarnation, nextRun };
}

/** Lets it fire from its first slot after now. */
export function enabledSchedule(stored: ScheduledTask, now: Date): ScheduledTask {
  return { ...touched(stored, now), enabled: true, error: null, nextRun: runAfter(stored, now) };
}

export function disabledSchedule(stored: ScheduledTask, now: Date): ScheduledTask {
  return { ...touched(stored, now), enabled: false, nextRun: null };
}

/** The revision is for the store to count: this is what it will be. */
function touched(stored: ScheduledTask, now: Date): ScheduledTask {
  return { ...stored, revision: stored.revision + 1, updatedAt: now };
}

function nextRunAfterChange(stored: ScheduledTask, after: ScheduledTask, now: Date): Date | null {
  // Of a damaged row the next run may be a stand-in, too.
  if (movesSlots(stored, after) || stored.damaged) return firstRun(after, now);
  // It broke before it could run, or it was over: then what changed may give it slots again, but only future ones.
  if (stored.nextRun === null) return stored.error === null ? runAfter(after, now) : firstRun(after, now);
  const isOver = runsLeft(after) === 0 || (after.endAt !== null && stored.nextRun > after.endAt);
  return isOver ? null : stored.nextRun;
}

/** Whether the only slot of a schedule came to nothing, and is to be tried again. */
function isRetriedOnce(stored: ScheduledTask, after: ScheduledTask): boolean {
  return after.scheduleType === 'one_time' && stored.nextRun === null && !movesSlots(stored, after);
}

function movesSlots(before: ScheduledTask, after: ScheduledTask): boolean {
  if (before.scheduleType !== after.scheduleType || before.schedule !== after.schedule) return true;
  if (after.scheduleType === 'one_time') return false;
  return before.timeZone !== after.timeZone || !sameInstant(before.startAt, after.startAt);
}

/** A one-time schedule in the past is due at once, unless it ran: what happens then is for `catchUp` to say. */
function firstRun(schedule: ScheduledTask, now: Date): Date | null {
  if (schedule.scheduleType !== 'one_time') return runAfter(schedule, now);
  const date = new Date(Number(schedule.schedule));
  return runsLeft(schedule) === 0 || sameInstant(schedule.lastRun, date) ? null : date;
}

function runAfter(schedule: ScheduledTask, now: Date): Date | null {
  if (runsLeft(schedule) === 0) return null;
  const slot = scheduleTimes(schedule).next(now.getTime());
  return slot === null ? null : new Date(slot);
}
