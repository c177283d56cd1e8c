import type { CatchUp, NewFiring, ScheduledTask, SlotDecision } from '@flowrra/core';
import { firingId } from '../schedule-identity.js';
import { type ScheduleTimes, scheduleTimes } from '../schedule-times.js';
import { runsLeft } from '../upcoming-slots.js';

/** A backlog whose oldest slot is younger than this many milliseconds is a hiccup: every slot runs. */
export const CATCH_UP_GRACE = 60_000;

/** Most overdue slots that run, whatever is asked for: each one is an object in memory and a row in the ledger. */
export const MOST_CATCH_UP = 1_000;

/** What the decision depends on besides the schedule and the time. */
export interface SlotFacts {
  /** Whether the task of the last run is unsubmitted or held by the broker. Asked of `overlap: 'skip'` only. */
  readonly lastRunIsLive: boolean;
  /** Why the schedule's call would be refused, such as arguments that do not match the task's schema; default null. */
  readonly callError?: string | null | undefined;
}

/**
 * What becomes of the slots of a due schedule: which run, which are skipped or passed over and why, and which is next.
 * `nextRun` of the schedule is a slot by definition, also when it is not on the grid.
 * @param now the store's clock when the schedule was read
 */
export function decideSlots(schedule: ScheduledTask, now: Date, facts: SlotFacts): SlotDecision {
  try {
    return decide(schedule, now, facts);
  } catch (err) {
    // Whatever is wrong with this one must not keep the others from firing.
    return { ...decideNothing(schedule, `It has no times: ${messageOf(err)}`), nextRun: null };
  }
}

function decide(schedule: ScheduledTask, now: Date, facts: SlotFacts): SlotDecision {
  const oldest = schedule.nextRun?.getTime();
  if (oldest === undefined || oldest > now.getTime()) return decideNothing(schedule, schedule.error);
  const left = runsLeft(schedule);
  if (left === 0) return { ...decideNothing(schedule, null), nextRun: null };
  const times = scheduleTimes(schedule);
  const due = new DueSlots(times, oldest, now.getTime());
  const policy = catchUpPolicy(schedule.catchUp, now.getTime() - oldest);
  // With overlap `skip` at most one of them runs anyway, and it is the first.
  const capped = schedule.overlap === 'allow' && policy.most > left;
  const slots = due.newest(capped ? left : policy.most);
  const served = slots.map((slot, index) => serve(schedule, slot, slots[index === 0 ? -1 : 0], facts));
  const reason = capped ? `Only ${left} of at most ${schedule.maxRuns} runs were left.` : policy.reason;
  const passed = passOver(schedule, due.before(slots[0]), reason);
  const ran = served.filter(({ state }) => state === 'claimed').length;
  return {
    ...decideNothing(schedule, facts.callError ?? null),
    nextRun: ran >= left ? null : toDate(times.next(now.getTime())),
    firings: passed ? [passed, ...served] : served,
  };
}

/** Leaves all slots as they are, and says why the schedule cannot fire, or that it can. */
export function decideNothing(schedule: ScheduledTask, error: string | null): SlotDecision {
  const { id, incarnation, revision, nextRun } = schedule;
  return { scheduleId: id, incarnation, revision, dueAt: nextRun, nextRun, error, firings: [] };
}

/** The slots from the oldest one that was not served up to now. There may be millions, so they are not listed. */
class DueSlots {
  constructor(
    readonly times: ScheduleTimes,
    readonly oldest: number,
    readonly now: number,
  ) {}

  /** At most `count` of them, the newest, in order. */
  newest(count: number): number[] {
    const slots: number[] = [];
    let slot = this.#last(this.now + 1);
    while (slots.length < count && slot > this.oldest) {
      slots.push(slot);
      slot = this.#last(slot);
    }
    if (slots.length < count) slots.push(this.oldest);
    return slots.reverse();
  }

  /** Those before a slot, or all of them: first, last, and how many. Null when there are none. */
  before(slot: number | undefined): { first: number; last: number; count: number } | null {
    if (slot === this.oldest) return null;
    const last = this.#last(slot ?? this.now + 1);
    return { first: this.oldest, last, count: 1 + (last > this.oldest ? this.times.count(this.oldest + 1, last) : 0) };
  }

  /** The newest before an instant; the oldest is one of them, whatever the grid says. */
  #last(before: number): number {
    return Math.max(this.times.previous(before) ?? this.oldest, this.oldest);
  }
}

/** How many of the slots run, and why the others do not. */
function catchUpPolicy(catchUp: CatchUp, late: number): { most: number; reason: string } {
  if (late < CATCH_UP_GRACE) return { most: Number.POSITIVE_INFINITY, reason: '' };
  if (catchUp === 'skip') return { most: 0, reason: 'Catch-up "skip": overdue slots do not run.' };
  if (catchUp === 'latest') return { most: 1, reason: 'Catch-up "latest": of overdue slots only the newest runs.' };
  const most = Math.min(catchUp.all, MOST_CATCH_UP);
  return { most, reason: `Catch-up "all": of overdue slots only the newest ${most} run.` };
}

/** The firing of a slot that is to run, unless something keeps it from it. `earlier` runs in the same decision. */
function serve(
  schedule: ScheduledTask,
  slot: number,
  earlier: number | undefined,
  { lastRunIsLive, callError = null }: SlotFacts,
): NewFiring {
  const reason = callError ?? (schedule.overlap === 'skip' ? overlapWith(schedule, earlier, lastRunIsLive) : null);
  return {
    id: firingId(schedule.incarnation, new Date(slot), 'slot'),
    slot: new Date(slot),
    until: null,
    count: 1,
    kind: 'slot',
    state: reason === null ? 'claimed' : 'skipped',
    reason,
  };
}

function overlapWith(schedule: ScheduledTask, earlier: number | undefined, lastRunIsLive: boolean): string | null {
  if (lastRunIsLive) return `Overlap: task ${schedule.lastTaskId} of the last run was still live.`;
  if (earlier === undefined) return null;
  const task = firingId(schedule.incarnation, new Date(earlier), 'slot');
  return `Overlap: task ${task} of the slot ${new Date(earlier).toISOString()} was enqueued at the same time.`;
}

function passOver(schedule: ScheduledTask, range: ReturnType<DueSlots['before']>, reason: string): NewFiring | null {
  if (!range) return null;
  const slot = new Date(range.first);
  return {
    id: firingId(schedule.incarnation, slot, 'passed-over'),
    slot,
    until: new Date(range.last),
    count: range.count,
    kind: 'passed-over',
    state: 'skipped',
    reason,
  };
}

function toDate(instant: number | null): Date | null {
  return instant === null ? null : new Date(instant);
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
