import { types } from 'node:util';
import { ArgumentError, type ScheduledTask } from '@flowrra/core';
import { checkCron, checkInterval } from '../schedule-times.js';
import type { GivenDefinition } from './check-definition.js';

type Timing = Pick<ScheduledTask, 'scheduleType' | 'schedule'>;

/** When a definition is due, as it is stored. @throws ArgumentError */
export function checkTiming(definition: GivenDefinition): Timing {
  const given = (['cron', 'every', 'at'] as const).filter((kind) => definition[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1)
    throw new ArgumentError(
      given[1] ?? 'cron',
      `A schedule says when it is due by exactly one of cron, every and at; this one has ${given.join(' and ') || 'none'}.`,
    );
  const seconds = checkSeconds(definition.seconds, kind);
  switch (kind) {
    case 'cron':
      return { scheduleType: 'cron', schedule: checkCron(definition.cron, { seconds }) };
    case 'every':
      return { scheduleType: 'interval', schedule: String(checkInterval(definition.every)) };
    case 'at':
      return { scheduleType: 'one_time', schedule: String(checkDate(definition.at, 'at').getTime()) };
  }
}

/** The first and the last instant that may be a slot. @throws ArgumentError */
export function checkWindow(
  definition: GivenDefinition,
  { scheduleType, schedule }: Timing,
): Pick<ScheduledTask, 'startAt' | 'endAt'> {
  const startAt = definition.startAt === undefined ? null : checkDate(definition.startAt, 'startAt');
  const endAt = definition.endAt === undefined ? null : checkDate(definition.endAt, 'endAt');
  if (startAt && endAt && startAt >= endAt) throw new ArgumentError('endAt', 'endAt must be after startAt.');
  if (scheduleType === 'one_time') {
    const at = new Date(Number(schedule));
    if ((startAt && at < startAt) || (endAt && at > endAt))
      throw new ArgumentError('at', 'at must lie between startAt and endAt, which a one-time schedule hardly needs.');
  }
  return { startAt, endAt };
}

function checkSeconds(seconds: unknown, kind: 'cron' | 'every' | 'at'): boolean {
  if (seconds === undefined) return false;
  if (typeof seconds !== 'boolean' || kind !== 'cron')
    throw new ArgumentError('seconds', 'seconds must be true or false, and goes with cron: six fields, seconds first.');
  return seconds;
}

/** A copy, so that nobody changes it later. @throws ArgumentError */
export function checkDate(value: unknown, name: string): Date {
  // By what it is, not by whose it is: a test runner or a vm may have a Date of its own.
  const copy = types.isDate(value) ? new Date(value) : null;
  if (copy && Number.isFinite(copy.getTime())) return copy;
  throw new ArgumentError(name, `${name} must be a valid Date, such as new Date('2026-05-01T12:00:00Z').`);
}
