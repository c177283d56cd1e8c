import assert from 'node:assert/strict';
import type { Firing } from '@flowrra/core';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, decision, INSTANT, ids, later, schedule, slotOf, stored } from './sample-schedules.js';

const NEEDS = { needs: ['claims'] } as const;
const TIMED = { needs: ['claims', 'advance'] } as const;
const ALL = { olderThan: 0, limit: 100 };

export function submitting(promise: SchedulerBackendPromise): void {
  promise('hands out what was claimed and not marked, with its schedule (SC-02)', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }));
    assert.ok(job);
    const firings = [slotOf(job, INSTANT), slotOf(job, later(INSTANT, 1), { state: 'skipped', reason: 'overlap' })];
    const [claimed] = await backend.claimDue([decision(job, { firings })], { node: 'dead-node' });
    assert.deepEqual(await backend.unsubmittedFirings(ALL), [{ firing: claimed, schedule: await backend.get('job') }]);
  });

  promise('hands out the oldest claims first, and no more than the limit', TIMED, async ({ backend, advance }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const claimed: Firing[] = [];
    for (const slot of [5, 1, 4, 2]) {
      claimed.push(...(await claimSlots(backend, job, later(INSTANT, slot))));
      await advance(1_000);
    }
    const found = async (limit: number): Promise<Firing[]> =>
      (await backend.unsubmittedFirings({ olderThan: 0, limit })).map(({ firing }) => firing);
    assert.deepEqual(await found(10), claimed);
    assert.deepEqual(await found(2), claimed.slice(0, 2));
  });

  promise('hands out what was claimed together by its slots', NEEDS, async ({ backend }) => {
    const [job, other] = await stored(backend, schedule('job', { nextRun: INSTANT }), schedule('other'));
    assert.ok(job && other);
    const slots = [5, 1, 4].map((ms) => slotOf(job, later(INSTANT, ms)));
    const decisions = [decision(job, { firings: slots }), decision(other, { firings: [slotOf(other, INSTANT)] })];
    await backend.claimDue(decisions, { node: 'node-1' });
    const found = await backend.unsubmittedFirings(ALL);
    const handedOut = found.map(({ firing, schedule }) => [schedule?.id, firing.slot.getTime() - INSTANT.getTime()]);
    assert.deepEqual(handedOut, [
      ['other', 0],
      ['job', 1],
      ['job', 4],
      ['job', 5],
    ]);
  });

  promise('hands out what was claimed at least so long ago (SC-02)', TIMED, async ({ backend, advance }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    await claimSlots(backend, job, INSTANT);
    await advance(4_999);
    assert.deepEqual(await backend.unsubmittedFirings({ olderThan: 5_000, limit: 10 }), []);
    await advance(1);
    assert.equal((await backend.unsubmittedFirings({ olderThan: 5_000, limit: 10 })).length, 1);
  });

  promise('hands out firings of removed and of new schedules without one', NEEDS, async ({ backend }) => {
    const [gone, anew] = await stored(backend, schedule('gone'), schedule('anew'));
    assert.ok(gone && anew);
    const claimed = [...(await claimSlots(backend, gone, INSTANT)), ...(await claimSlots(backend, anew, INSTANT))];
    for (const id of ['gone', 'anew']) await backend.delete(id);
    await backend.create({ ...anew, incarnation: 'another' });
    const found = await backend.unsubmittedFirings({ ...ALL, exceptTasks: ['reports.build'] });
    assert.deepEqual(ids(found.map(({ firing }) => firing)).sort(), ids(claimed).sort());
    assert.deepEqual(
      found.map((each) => each.schedule),
      [null, null],
    );
  });

  promise('hands out no firing of a task that is left out', NEEDS, async ({ backend }) => {
    const [known, other] = await stored(
      backend,
      schedule('known', { taskName: 'x' }),
      schedule('other', { taskName: 'y' }),
    );
    assert.ok(known && other);
    const claimed = await claimSlots(backend, known, INSTANT);
    await claimSlots(backend, other, INSTANT);
    const found = await backend.unsubmittedFirings({ olderThan: 0, limit: 1, exceptTasks: ['y', 'z'] });
    assert.deepEqual(
      found.map(({ firing }) => firing),
      claimed,
    );
  });

  promise('notes what became of a firing, why, and when it was submitted', NEEDS, async ({ backend, now }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const [a, b, c, d] = await claimSlots(backend, job, ...[4, 3, 2, 1].map((ms) => later(INSTANT, ms)));
    assert.ok(a && b && c && d);
    const before = await now();
    await backend.markFirings([a], { state: 'submitted' });
    await backend.markFirings([b], { state: 'skipped', reason: 'its queue → gone' });
    await backend.markFirings([c], { state: 'unknown', reason: 'too old to ask' });
    const ledger = await backend.listFirings('job');
    const submittedAt = ledger[0]?.submittedAt;
    assert.ok(submittedAt && submittedAt >= before && submittedAt <= (await now()));
    assert.deepEqual(ledger, [
      { ...a, state: 'submitted', submittedAt },
      { ...b, state: 'skipped', reason: 'its queue → gone' },
      { ...c, state: 'unknown', reason: 'too old to ask' },
      d,
    ]);
    assert.deepEqual(ids((await backend.unsubmittedFirings(ALL)).map(({ firing }) => firing)), [d.id]);
  });

  promise('keeps the first mark of a firing', TIMED, async ({ backend, advance }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const skipped = slotOf(job, later(INSTANT, -1), { state: 'skipped', reason: 'overlap' });
    const firings = await claimSlots(backend, job, skipped, INSTANT);
    await backend.markFirings(firings, { state: 'submitted' });
    const ledger = await backend.listFirings('job');
    assert.deepEqual(
      ledger.map(({ state, reason }) => [state, reason]),
      [
        ['submitted', null],
        ['skipped', 'overlap'],
      ],
    );
    await advance(1_000);
    for (const state of ['unknown', 'skipped', 'submitted'] as const) {
      await backend.markFirings(firings, { state, reason: 'second' });
    }
    assert.deepEqual(await backend.listFirings('job'), ledger);
  });

  promise('marks 700 firings at once, and no other one', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const slots = Array.from({ length: 701 }, (_, i) => later(INSTANT, i));
    const [kept, ...marked] = await claimSlots(backend, job, ...slots);
    assert.ok(kept);
    await backend.markFirings([...marked, { ...kept, id: 'slot-not-in-the-ledger' }], { state: 'submitted' });
    const left = await backend.unsubmittedFirings({ olderThan: 0, limit: 1_000 });
    assert.deepEqual(
      left.map(({ firing }) => firing),
      [kept],
    );
  });
}
