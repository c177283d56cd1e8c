import type { Firing } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { faultsOf, intervalSlots, type SlotHistory } from '../../support/slot-history.js';

const START = Date.UTC(2026, 0, 1);
const slots = intervalSlots(new Date(START), 1_000, new Date(START + 4_000));

function firing(k: number, changes: Partial<Firing> = {}): Firing {
  const slot = new Date(START + k * 1_000);
  return {
    id: `slot-${k}`,
    scheduleId: 'every second',
    incarnation: 'first',
    slot,
    until: null,
    count: 1,
    kind: 'slot',
    state: 'submitted',
    reason: null,
    node: 'a',
    claimedAt: new Date(slot.getTime() + 10),
    submittedAt: new Date(slot.getTime() + 20),
    ...changes,
  };
}

const firings = [0, 1, 2, 3, 4].map((k) => firing(k));
const run = (k: number, fence = 1) => ({ id: `slot-${k}`, fence });
const runs = [0, 1, 2, 3, 4].map((k) => run(k));
const passedOver = {
  kind: 'passed-over',
  state: 'skipped',
  until: new Date(START + 3_000),
  count: 3,
  claimedAt: new Date(START + 4_005),
} as const;
const nextRun = (seconds: number | null, revision = 1) => ({
  scheduleId: 'every second',
  incarnation: 'first',
  revision,
  nextRun: seconds === null ? null : new Date(START + seconds * 1_000),
});

function faults(changes: Partial<SlotHistory> & { endedAt?: number } = {}): string[] {
  const { endedAt, ...history } = changes;
  return faultsOf({ schedules: [{ id: 'every second', slots, endedAt }], firings, runs, latest: 2_000, ...history });
}

describe('the judge of what several nodes did', () => {
  it.each<[string, Partial<SlotHistory> & { endedAt?: number }]>([
    ['each slot once', {}],
    [
      'a range that was passed over',
      { firings: [firing(0), firing(1, passedOver), firing(4)], runs: [run(0), run(4)] },
    ],
    [
      'a slot that was skipped',
      { firings: firings.with(2, firing(2, { state: 'skipped' })), runs: runs.toSpliced(2, 1) },
    ],
    ['a delivery that was repeated because of a fault', { runs: [...runs, run(2, 2)], redelivered: true }],
    ['a next run that went back by an edit', { nextRuns: [nextRun(1), nextRun(3), nextRun(2, 2), nextRun(null, 2)] }],
    ['nothing after the end', { endedAt: START + 4_010 }],
  ])('passes %s', (_what, history) => {
    expect(faults(history)).toEqual([]);
  });

  it.each<[string, RegExp, Partial<SlotHistory> & { endedAt?: number }]>([
    ['a slot that fired twice', /^SI-1 .*:02.* 2 times/, { firings: [...firings, firing(2, { id: 'other' })] }],
    [
      'a slot that ran and was passed over',
      /^SI-1 .*:02/,
      { firings: [...firings, firing(2, { ...passedOver, until: null, count: 1 })] },
    ],
    [
      'a slot that nobody served',
      /^SI-2 .*:03.* missing/,
      { firings: firings.toSpliced(3, 1), runs: runs.toSpliced(3, 1) },
    ],
    ['a schedule that never fired', /^SI-2/, { firings: [], runs: [] }],
    [
      'a slot that was claimed and left',
      /^SI-2 .*claimed/,
      { firings: firings.with(1, firing(1, { state: 'claimed' })) },
    ],
    ['a slot in doubt', /^SI-2 .*unknown/, { firings: firings.with(1, firing(1, { state: 'unknown' })) }],
    [
      'a slot off the grid',
      /^SI-3 .*off the grid/,
      { firings: firings.with(1, firing(1, { slot: new Date(START + 1_001) })) },
    ],
    [
      'a slot after the last one',
      /^SI-3 .*off the grid/,
      { firings: [...firings, firing(5)], runs: [...runs, run(5)] },
    ],
    [
      'a range that counts wrong',
      /^SI-3 .*not hold 4/,
      { firings: [firing(0), firing(1, { ...passedOver, count: 4 }), firing(4)] },
    ],
    ['a firing of no schedule', /^SI-3 other/, { firings: [...firings, firing(2, { scheduleId: 'other' })] }],
    [
      'a slot before its time',
      /^SI-4 .*early/,
      { firings: firings.with(1, firing(1, { claimedAt: new Date(START + 999) })) },
    ],
    [
      'a slot long after its time',
      /^SI-4 .*late/,
      { firings: firings.with(4, firing(4, { claimedAt: new Date(START + 9_000) })) },
    ],
    [
      'claims out of order',
      /^SI-5 .*claimed before/,
      { firings: firings.with(1, firing(1, { claimedAt: new Date(START + 2_900) })) },
    ],
    ['a next run that went back', /^SI-5 .*went back/, { nextRuns: [nextRun(2), nextRun(1)] }],
    ['a schedule that was over and is not any more', /^SI-5/, { nextRuns: [nextRun(null), nextRun(1)] }],
    ['a claim after the end', /^SI-6/, { endedAt: START + 3_500 }],
    ['a slot with two messages', /^SI-7 .*2 times/, { runs: [...runs, run(2)], redelivered: true }],
    ['a delivery that was repeated for no reason', /^SI-7 .*2 times/, { runs: [...runs, run(2, 2)] }],
    ['a slot whose task never ran', /^SI-7 .*never ran/, { runs: runs.toSpliced(1, 1) }],
    ['two slots with one task', /^SI-7 .*shares/, { firings: firings.with(1, firing(1, { id: 'slot-0' })) }],
    ['a task of its own id for a slot', /^SI-7 random/, { runs: [...runs, { id: 'random', fence: 1 }] }],
  ])('rejects %s', (_what, fault, history) => {
    expect(faults(history)).toContainEqual(expect.stringMatching(fault));
  });
});
