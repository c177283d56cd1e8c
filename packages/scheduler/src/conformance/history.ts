import assert from 'node:assert/strict';
import type { Firing, ScheduledTask } from '@flowrra/core';
import type { SchedulerBackendFixture, SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, INSTANT, ids, later, schedule, slotOf, stored } from './sample-schedules.js';

const NEEDS = { needs: ['claims'] } as const;
const TIMED = { needs: ['claims', 'advance'] } as const;
const DAY = 86_400_000;

export function history(promise: SchedulerBackendPromise): void {
  promise('lists the newest slot first, former incarnations included', NEEDS, async ({ backend }) => {
    const [old, other] = await stored(backend, schedule('job', { incarnation: 'old' }), schedule('Job'));
    assert.ok(old && other);
    const [second, fourth] = await claimSlots(backend, old, later(INSTANT, 2), later(INSTANT, 4));
    await backend.delete('job');
    const [anew] = await stored(backend, schedule('job', { incarnation: 'new' }));
    assert.ok(anew);
    const [third, first] = await claimSlots(backend, anew, later(INSTANT, 3), later(INSTANT, 1));
    await claimSlots(backend, other, INSTANT);
    assert.deepEqual(await backend.listFirings('job'), [fourth, third, second, first]);
    assert.deepEqual(await backend.listFirings('nobody'), []);
  });

  promise('shows a page of the ledger, and the pages together show all', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const slots = Array.from({ length: 23 }, (_, i) => later(INSTANT, i));
    const all = (await claimSlots(backend, job, ...slots)).reverse();
    assert.deepEqual(await backend.listFirings('job', { limit: null }), all);
    assert.deepEqual(await backend.listFirings('job', { offset: 20 }), all.slice(20));
    assert.deepEqual(await backend.listFirings('job', { limit: 0 }), []);
    const pages = await Promise.all([0, 10, 20].map((offset) => backend.listFirings('job', { limit: 10, offset })));
    assert.deepEqual(pages.flat(), all);
  });

  promise('removes what was claimed longer ago than asked, to the millisecond', TIMED, async (fixture) => {
    const { backend, advance } = fixture;
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    await submitted(fixture, job, 1);
    await advance(1);
    const kept = await submitted(fixture, job, 2);
    await advance(DAY);
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 100 }), 1);
    assert.deepEqual(ids(await backend.listFirings('job')), ids(kept));
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 100 }), 0);
  });

  promise('keeps the newest slots of each schedule', NEEDS, async (fixture) => {
    const { backend } = fixture;
    const [busy, quiet] = await stored(backend, schedule('busy'), schedule('quiet'));
    assert.ok(busy && quiet);
    await submitted(fixture, busy, 5, 1, 4, 2, 3);
    await submitted(fixture, quiet, 1, 2);
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 3 }), 2);
    const slots = (await backend.listFirings('busy')).map(({ slot }) => slot);
    assert.deepEqual(slots, [later(INSTANT, 5), later(INSTANT, 4), later(INSTANT, 3)]);
    assert.equal((await backend.listFirings('quiet')).length, 2);
  });

  promise('keeps the newest of those that are not too old', TIMED, async (fixture) => {
    const { backend, advance } = fixture;
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    await submitted(fixture, job, 3, 4);
    await advance(DAY + 1);
    await submitted(fixture, job, 1, 2);
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 2 }), 2);
    const slots = (await backend.listFirings('job')).map(({ slot }) => slot);
    assert.deepEqual(slots, [later(INSTANT, 2), later(INSTANT, 1)]);
  });

  promise('removes what is too old whatever became of it', TIMED, async ({ backend, advance }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const skipped = slotOf(job, later(INSTANT, 2_000), { state: 'skipped', reason: 'overlap' });
    const slots = Array.from({ length: 1_200 }, (_, i) => later(INSTANT, i));
    const [, unknown, late, ...claimed] = await claimSlots(backend, job, skipped, ...slots);
    assert.ok(unknown && late);
    await backend.markFirings([unknown], { state: 'unknown', reason: 'too old to ask' });
    await backend.markFirings([late], { state: 'skipped', reason: 'its schedule is gone' });
    await backend.markFirings(claimed, { state: 'submitted' });
    await advance(DAY + 1);
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 10_000 }), 1_201);
    assert.deepEqual(await backend.listFirings('job'), []);
  });

  promise('finds what to remove behind a thousand claimed ones', NEEDS, async (fixture) => {
    const { backend } = fixture;
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    await submitted(fixture, job, 1, 2);
    const current = await backend.get('job');
    assert.ok(current);
    const claimed = Array.from({ length: 1_000 }, (_, i) => later(INSTANT, 10 + i));
    await claimSlots(backend, current, ...claimed);
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 1 }), 2);
    assert.equal((await backend.listFirings('job')).length, 1_000);
  });

  promise('removes thousands at once', NEEDS, async (fixture) => {
    const { backend } = fixture;
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    await submitted(fixture, job, ...Array.from({ length: 2_500 }, (_, i) => i));
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 10 }), 2_490);
    const [newest, ...others] = await backend.listFirings('job');
    assert.deepEqual([newest?.slot, others.length], [later(INSTANT, 2_499), 9]);
  });

  promise('removes no firing that is still claimed, however old', TIMED, async (fixture) => {
    const { backend, advance } = fixture;
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const claimed = await claimSlots(backend, job, INSTANT);
    await submitted(fixture, job, 1, 2, 3);
    await advance(40 * DAY);
    await submitted(fixture, job, 4, 5);
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 1 }), 4);
    const left = await backend.listFirings('job');
    assert.deepEqual(
      left.map(({ slot }) => slot),
      [later(INSTANT, 5), INSTANT],
    );
    assert.deepEqual(left[1], claimed[0]);
  });

  promise('removes the ledger of a schedule that is gone when it is too old', TIMED, async (fixture) => {
    const { backend, advance } = fixture;
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    await submitted(fixture, job, 1, 2);
    await backend.delete('job');
    await advance(DAY + 1);
    assert.equal(await backend.pruneFirings({ olderThan: DAY, keep: 100 }), 2);
    assert.deepEqual(await backend.listFirings('job'), []);
  });
}

/** Slots so many milliseconds after the instant, claimed one after the other and submitted. */
async function submitted(
  { backend }: SchedulerBackendFixture,
  job: ScheduledTask,
  ...slots: number[]
): Promise<Firing[]> {
  const current = { ...job, ...(await backend.get(job.id)) };
  const firings = await claimSlots(backend, current, ...slots.map((ms) => later(INSTANT, ms)));
  await backend.markFirings(firings, { state: 'submitted' });
  return firings;
}
