import type { ScheduledTask, SlotDecision } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { decideSlots, type SlotFacts } from '../../src/firing/decide-slots.js';
import { firingId } from '../../src/schedule-identity.js';
import { at, HOUR, MINUTE, SECOND, START, schedule } from './setup.js';

const FREE: SlotFacts = { lastRunIsLive: false };
const minutely = (fields: Partial<ScheduledTask> = {}) => schedule('m', { schedule: String(MINUTE), ...fields });

/** What was decided, in short: state, slot and, of ranges, end and count. Slots in milliseconds from the start. */
function firings(decision: SlotDecision): string[] {
  return decision.firings.map(({ kind, state, slot, until, count }) =>
    kind === 'passed-over'
      ? `passed-over ${slot.getTime() - START}..${Number(until) - START} (${count})`
      : `${state} ${slot.getTime() - START}`,
  );
}

describe('decideSlots', () => {
  it('runs the one slot that is due, under the id that every node derives, and goes on with the next one', () => {
    const task = minutely();
    expect(decideSlots(task, at(MINUTE), FREE)).toEqual({
      scheduleId: 'm',
      incarnation: task.incarnation,
      revision: 1,
      dueAt: at(MINUTE),
      nextRun: at(2 * MINUTE),
      error: null,
      firings: [
        {
          id: firingId(task.incarnation, at(MINUTE), 'slot'),
          slot: at(MINUTE),
          until: null,
          count: 1,
          kind: 'slot',
          state: 'claimed',
          reason: null,
        },
      ],
    });
  });

  it('decides nothing a millisecond early (SC-08)', () => {
    const decision = decideSlots(minutely(), at(MINUTE - 1), FREE);
    expect(decision).toMatchObject({ nextRun: at(MINUTE), firings: [] });
  });

  it('runs every slot after a hiccup that is shorter than the grace, whatever the policy (SC-05)', () => {
    for (const catchUp of ['latest', 'skip', { all: 1 }] as const) {
      const decision = decideSlots(schedule('s', { catchUp }), at(3_500), FREE);
      expect(firings(decision)).toEqual(['claimed 1000', 'claimed 2000', 'claimed 3000']);
      expect(decision.nextRun).toEqual(at(4_000));
    }
  });

  it('begins to judge a backlog when its oldest slot is exactly as old as the grace', () => {
    const task = schedule('s', { catchUp: 'skip' });
    expect(decideSlots(task, at(60_999), FREE).firings).toHaveLength(60);
    expect(firings(decideSlots(task, at(61_000), FREE))).toEqual(['passed-over 1000..61000 (61)']);
  });

  it('runs the newest overdue slot by default, and records the others as one range with its reason (SC-05)', () => {
    const decision = decideSlots(minutely(), at(HOUR + 1), FREE);
    expect(firings(decision)).toEqual([`passed-over ${MINUTE}..${59 * MINUTE} (59)`, `claimed ${HOUR}`]);
    expect(decision.firings[0]).toMatchObject({
      id: firingId('first-m', at(MINUTE), 'passed-over'),
      state: 'skipped',
      reason: expect.stringContaining('"latest"'),
    });
    expect(decision.nextRun).toEqual(at(61 * MINUTE));
  });

  it('runs no overdue slot by skip, and the newest n by all (SC-05)', () => {
    const skip = decideSlots(minutely({ catchUp: 'skip' }), at(HOUR), FREE);
    expect(firings(skip)).toEqual([`passed-over ${MINUTE}..${HOUR} (60)`]);
    expect(skip.firings[0]?.reason).toContain('"skip"');
    const all = decideSlots(minutely({ catchUp: { all: 2 } }), at(HOUR), FREE);
    expect(firings(all)).toEqual([
      `passed-over ${MINUTE}..${58 * MINUTE} (58)`,
      `claimed ${59 * MINUTE}`,
      `claimed ${HOUR}`,
    ]);
    expect(all.firings[0]?.reason).toContain('newest 2');
    expect(firings(decideSlots(minutely({ catchUp: { all: 1_000 } }), at(HOUR), FREE))).toHaveLength(60);
  });

  it('counts a backlog of years at once', () => {
    const created = new Date(START - 30 * 365 * 24 * HOUR);
    const task = schedule('old', { schedule: '100', createdAt: created, nextRun: created });
    const [passed, run] = decideSlots(task, at(0), FREE).firings;
    expect(passed?.count).toBe(30 * 365 * 24 * 36_000);
    expect(run?.slot).toEqual(at(0));
  });

  it('takes the next run as a slot also when it is not on the grid', () => {
    const task = minutely({ nextRun: at(90 * SECOND) });
    const soon = decideSlots(task, at(140 * SECOND), FREE);
    expect(firings(soon)).toEqual(['claimed 90000', 'claimed 120000']);
    expect(soon.nextRun).toEqual(at(180 * SECOND));
    const late = decideSlots(task, at(HOUR), FREE);
    expect(firings(late)).toEqual([`passed-over 90000..${59 * MINUTE} (59)`, `claimed ${HOUR}`]);
  });

  it('runs a one-time schedule once, however late, unless its policy is to skip', () => {
    const once = (fields: Partial<ScheduledTask>) =>
      schedule('once', { scheduleType: 'one_time', schedule: String(START + MINUTE), ...fields });
    expect(decideSlots(once({}), at(MINUTE), FREE)).toMatchObject({ nextRun: null, error: null });
    expect(firings(decideSlots(once({}), at(24 * HOUR), FREE))).toEqual([`claimed ${MINUTE}`]);
    const skipped = decideSlots(once({ catchUp: 'skip' }), at(24 * HOUR), FREE);
    expect(firings(skipped)).toEqual([`passed-over ${MINUTE}..${MINUTE} (1)`]);
    expect(skipped.nextRun).toBeNull();
  });

  it('ends after the last slot before the end', () => {
    const decision = decideSlots(schedule('s', { endAt: at(2_500) }), at(9_000), FREE);
    expect(firings(decision)).toEqual(['claimed 1000', 'claimed 2000']);
    expect(decision.nextRun).toBeNull();
  });

  it('runs no more slots than it may, the newest of them, and says why the others did not', () => {
    const task = schedule('s', { maxRuns: 5, runCount: 3 });
    const decision = decideSlots(task, at(4_000), FREE);
    expect(firings(decision)).toEqual(['passed-over 1000..2000 (2)', 'claimed 3000', 'claimed 4000']);
    expect(decision.firings[0]?.reason).toContain('2 of at most 5 runs');
    expect(decision.nextRun).toBeNull();
    expect(decideSlots(task, at(1_000), FREE).nextRun).toEqual(at(2_000));
    expect(decideSlots({ ...task, runCount: 5 }, at(1_000), FREE)).toMatchObject({ nextRun: null, firings: [] });
  });

  it('skips what overlaps with a live run, naming its task', () => {
    const task = schedule('s', { overlap: 'skip', lastTaskId: 'slot-abc' });
    const decision = decideSlots(task, at(2_000), { lastRunIsLive: true });
    expect(firings(decision)).toEqual(['skipped 1000', 'skipped 2000']);
    expect(decision.firings[1]?.reason).toContain('slot-abc');
    expect(decision.nextRun).toEqual(at(3_000));
  });

  it('of several due slots that must not overlap runs the first, and skips the others because of it', () => {
    const task = schedule('s', { overlap: 'skip', maxRuns: 1 });
    const decision = decideSlots(task, at(3_000), FREE);
    expect(firings(decision)).toEqual(['claimed 1000', 'skipped 2000', 'skipped 3000']);
    expect(decision.firings[2]?.reason).toContain(decision.firings[0]?.id);
    expect(decision.nextRun).toBeNull();
  });

  it('does not count what is skipped as a run', () => {
    const task = schedule('s', { overlap: 'skip', lastTaskId: 'x', maxRuns: 1 });
    expect(decideSlots(task, at(1_000), { lastRunIsLive: true }).nextRun).toEqual(at(2_000));
  });

  it('skips the slots of a call that would be refused, keeps going, and says why on the row (SC-12)', () => {
    const decision = decideSlots(schedule('s'), at(2_000), { lastRunIsLive: false, callError: 'args[0] is wrong' });
    expect(firings(decision)).toEqual(['skipped 1000', 'skipped 2000']);
    expect(decision).toMatchObject({ error: 'args[0] is wrong', nextRun: at(3_000) });
  });

  it('stops a schedule whose expression or zone is broken, and says why (SC-12)', () => {
    for (const broken of [{ schedule: 'every day' }, { timeZone: 'Mars/Phobos' }, { schedule: '' }]) {
      const task = schedule('s', { scheduleType: 'cron', schedule: '* * * * *', nextRun: at(MINUTE), ...broken });
      const decision = decideSlots(task, at(MINUTE), FREE);
      expect(decision).toMatchObject({ nextRun: null, firings: [], error: expect.stringContaining('no times') });
    }
  });

  it('stops a schedule that makes no sense to it, and never throws (SC-12)', () => {
    const decision = decideSlots(schedule('s', { catchUp: null as never }), at(HOUR), FREE);
    expect(decision).toMatchObject({ nextRun: null, firings: [], error: expect.any(String) });
  });

  it('runs a thousand overdue slots at most, whatever somebody wrote into the row', () => {
    const decision = decideSlots(schedule('s', { catchUp: { all: 1e9 } }), at(1_000 * HOUR), FREE);
    expect(decision.firings).toHaveLength(1_001);
    expect(decision.firings[0]).toMatchObject({ kind: 'passed-over', count: 3_600_000 - 1_000 });
  });

  it('clears the error of a schedule that can fire again', () => {
    expect(decideSlots(schedule('s', { error: 'unknown' }), at(1_000), FREE).error).toBeNull();
  });
});
