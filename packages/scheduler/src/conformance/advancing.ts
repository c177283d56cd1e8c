import assert from 'node:assert/strict';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import {
  claimSlots,
  decision,
  fullSchedule,
  INSTANT,
  ids,
  later,
  schedule,
  slotOf,
  stored,
} from './sample-schedules.js';

const NEEDS = { needs: ['claims'] } as const;

export function advancing(promise: SchedulerBackendPromise): void {
  promise('moves the schedule on, and leaves the rest of it as it is', NEEDS, async ({ backend }) => {
    const full = { ...fullSchedule('job'), enabled: true, nextRun: INSTANT, runCount: 4, error: null };
    const [job] = await stored(backend, full, schedule('other', { nextRun: INSTANT }));
    assert.ok(job);
    const [firing] = await backend.claimDue([decision(job)], { node: 'node-1' });
    assert.deepEqual(await backend.get('job'), {
      ...job,
      nextRun: later(INSTANT, 60_000),
      lastRun: INSTANT,
      lastTaskId: firing?.id,
      runCount: 5,
    });
    assert.deepEqual(await backend.get('other'), schedule('other', { nextRun: INSTANT }));
  });

  promise('takes the newest slot that runs for the last run, and counts those that run', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT, runCount: 10 }));
    assert.ok(job);
    const [third, first, second] = [3, 1, 2].map((i) => slotOf(job, later(INSTANT, i)));
    assert.ok(first && second && third);
    const skipped = slotOf(job, later(INSTANT, 4), { state: 'skipped', reason: 'overlap' });
    await backend.claimDue([decision(job, { firings: [third, first, second, skipped] })], { node: 'node-1' });
    const after = await backend.get('job');
    assert.deepEqual([after?.lastRun, after?.lastTaskId, after?.runCount], [third.slot, third.id, 13]);
  });

  promise('counts no trigger by hand, and nothing that was skipped or passed over', NEEDS, async ({ backend }) => {
    const before = schedule('job', { nextRun: INSTANT, lastRun: later(INSTANT, -1), lastTaskId: 'last', runCount: 3 });
    const [job] = await stored(backend, before);
    assert.ok(job);
    await claimSlots(
      backend,
      job,
      slotOf(job, later(INSTANT, 5), { kind: 'manual' }),
      slotOf(job, INSTANT, { state: 'skipped', reason: 'overlap' }),
      slotOf(job, later(INSTANT, -9), { kind: 'passed-over', state: 'skipped', until: INSTANT, count: 2 }),
    );
    assert.deepEqual(await backend.get('job'), before);
    assert.equal((await backend.listFirings('job')).length, 3);
  });

  promise('takes a trigger by hand of a schedule that has no next run', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { enabled: false, nextRun: null }));
    assert.ok(job);
    const claimed = await claimSlots(backend, job, slotOf(job, INSTANT, { kind: 'manual' }));
    assert.deepEqual(ids(claimed), [slotOf(job, INSTANT, { kind: 'manual' }).id]);
    assert.deepEqual(await backend.get('job'), job);
  });

  promise('notes why a schedule cannot fire, and that it can again (SC-12)', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }));
    assert.ok(job);
    const error = 'No task "reports.build" is registered here. → Register it.';
    assert.deepEqual(await backend.claimDue([decision(job, { error, nextRun: null, firings: [] })], { node: 'n' }), []);
    assert.deepEqual(await backend.get('job'), { ...job, error, nextRun: null });
    await backend.claimDue([decision({ ...job, nextRun: null }, { nextRun: INSTANT })], { node: 'n' });
    assert.deepEqual(await backend.get('job'), job);
  });

  promise('keeps slots to the millisecond (SQ-08)', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: new Date('2026-01-01T00:00:59.999Z') }));
    assert.ok(job);
    await backend.claimDue([decision(job, { nextRun: new Date('2026-01-01T00:01:00.600Z') })], { node: 'n' });
    const after = await backend.get('job');
    const [firing] = await backend.listFirings('job');
    const kept = [after?.lastRun, after?.nextRun, firing?.slot].map((instant) => instant?.toISOString());
    assert.deepEqual(kept, ['2026-01-01T00:00:59.999Z', '2026-01-01T00:01:00.600Z', '2026-01-01T00:00:59.999Z']);
  });
}
