import { ArgumentError, parseDuration, type ScheduledTask, ScheduleType } from '@flowrra/core';
import { parseCron } from './times/cron-fields.js';
import { normalizeCron } from './times/cron-language.js';
import { CronTimes } from './times/cron-times.js';
import { IntervalTimes } from './times/interval-times.js';
import { quoted } from './times/quoted.js';
import { RecentlyUsed } from './times/recently-used.js';
import { WallClockTimes } from './times/wall-clock-times.js';
import { ZoneOffsets } from './times/zone-offsets.js';

/** The slots of one schedule. All instants in epoch milliseconds. */
export interface ScheduleTimes {
  /** The first slot after an instant; null when there is none. */
  next(after: number): number | null;
  /** The newest slot before an instant; null when there is none. */
  previous(before: number): number | null;
  /** How many slots there are from one instant to another, both included. */
  count(from: number, to: number): number;
}

/** What of a schedule decides when its slots are. */
export type TimedSchedule = Pick<
  ScheduledTask,
  'scheduleType' | 'schedule' | 'timeZone' | 'startAt' | 'endAt' | 'createdAt'
>;

const SHORTEST_INTERVAL = 100;
const LATEST_INSTANT = 8.64e15;

const expressions = new RecentlyUsed<WallClockTimes>(500);
/** There are about 600 names of zones. */
const zones = new RecentlyUsed<ZoneOffsets>(700);
let zoneNames: ReadonlyMap<string, string> | undefined;

/** Names that the runtime knows from the early days of Java, and IANA does not: its BST is the time of Dhaka. */
const RUNTIME_ONLY =
  /^(?:ACT|AET|AGT|ART|AST|BET|BST|CAT|CNT|CST|CTT|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|SystemV\/.*)$/i;

/**
 * The slots of a schedule. Cheap to ask for again and again.
 * @throws ArgumentError when its expression, interval, instant or time zone is broken
 */
export function scheduleTimes(schedule: TimedSchedule): ScheduleTimes {
  const first = schedule.startAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  const last = schedule.endAt?.getTime() ?? LATEST_INSTANT;
  return bounded(unbounded(schedule), first, last);
}

/**
 * The expression with single blanks.
 * @param options.seconds six fields, seconds first, are allowed too; default false
 * @throws ArgumentError naming the field that is wrong; also for dates that never come, such as 30 February
 */
export function checkCron(expression: unknown, options: { seconds?: boolean } = {}): string {
  const text = normalizeCron(expression, options);
  wallClockTimes(text);
  return text;
}

/**
 * The IANA name of a time zone, or UTC; the case of its letters is put right, so that equal schedules have equal zones. Of
 * a second name for a zone (`US/Eastern`) the runtime does not tell the case: it stays as it is.
 * @throws ArgumentError naming what was given instead
 */
export function checkTimeZone(zone: unknown): string {
  if (typeof zone !== 'string') throw unknownZone(zone);
  zoneNames ??= new Map([...Intl.supportedValuesOf('timeZone'), 'UTC'].map((name) => [name.toLowerCase(), name]));
  const name = zoneNames.get(zone.toLowerCase()) ?? zone;
  zoneOffsets(name);
  return name;
}

/**
 * Milliseconds of an interval.
 * @throws ArgumentError when it is no duration, shorter than 100 ms or longer than 100 years
 */
export function checkInterval(every: unknown): number {
  return parseDuration(every, 'every', { min: SHORTEST_INTERVAL });
}

function unbounded({ scheduleType, schedule, timeZone, startAt, createdAt }: TimedSchedule): ScheduleTimes {
  switch (scheduleType) {
    case ScheduleType.CRON:
      return new CronTimes(wallClockTimes(schedule), zoneOffsets(timeZone));
    case ScheduleType.INTERVAL:
      return new IntervalTimes(
        (startAt ?? createdAt).getTime(),
        checkInterval(wholeNumber(schedule, 'every')),
        startAt ? 0 : 1,
      );
    case ScheduleType.ONE_TIME:
      return oneTime(wholeNumber(schedule, 'at'));
    default:
      throw new ArgumentError('scheduleType', `scheduleType ${quoted(scheduleType)} is unknown to this version.`);
  }
}

function bounded(times: ScheduleTimes, first: number, last: number): ScheduleTimes {
  return {
    next(after) {
      const slot = times.next(Math.max(after, first - 1));
      return slot !== null && slot <= last ? slot : null;
    },
    previous(before) {
      const slot = times.previous(Math.min(before, last + 1));
      return slot !== null && slot >= first ? slot : null;
    },
    count: (from, to) => times.count(Math.max(from, first), Math.min(to, last)),
  };
}

function oneTime(instant: number): ScheduleTimes {
  return {
    next: (after) => (instant > after ? instant : null),
    previous: (before) => (instant < before ? instant : null),
    count: (from, to) => (instant >= from && instant <= to ? 1 : 0),
  };
}

/** With or without seconds: an expression that is stored was checked for that. */
function wallClockTimes(expression: string): WallClockTimes {
  return expressions.get(expression, () => {
    const text = normalizeCron(expression, { seconds: true });
    const times = new WallClockTimes(parseCron(text));
    if (times.exist()) return times;
    throw new ArgumentError(
      'cron',
      `cron ${quoted(text)} never matches: no such date exists. Change its day or month.`,
    );
  });
}

function zoneOffsets(zone: string): ZoneOffsets {
  return zones.get(zone, () => {
    // The runtime also takes offsets such as +05:00, which are no zones: they know of no summer time.
    if (!/^[A-Za-z][\w+/-]{0,63}$/.test(zone) || RUNTIME_ONLY.test(zone)) throw unknownZone(zone);
    try {
      return new ZoneOffsets(zone);
    } catch {
      throw unknownZone(zone);
    }
  });
}

function unknownZone(zone: unknown): ArgumentError {
  return new ArgumentError(
    'timeZone',
    `timeZone ${quoted(zone)} is unknown. Take an IANA name, such as "Europe/Berlin", or "UTC".`,
  );
}

/** Stored intervals and instants are texts. */
function wholeNumber(text: string, name: string): number {
  const number = Number(text);
  if (/^-?\d+$/.test(text) && Math.abs(number) <= LATEST_INSTANT) return number;
  throw new ArgumentError(name, `${name} is stored as ${quoted(text)}, which is no whole number of milliseconds.`);
}
