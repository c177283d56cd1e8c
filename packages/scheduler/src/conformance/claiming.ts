import assert from 'node:assert/strict';
import type { Firing, ScheduledTask } from '@flowrra/core';
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

export function claiming(promise: SchedulerBackendPromise): void {
  promise('writes the firings, and gives back what it wrote', NEEDS, async ({ backend, now }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }));
    assert.ok(job);
    const before = await now();
    const passedOver = slotOf(job, later(INSTANT, -600_000), {
      kind: 'passed-over',
      state: 'skipped',
      until: later(INSTANT, -60_001),
      count: 10,
      reason: 'catch-up "latest": only the newest of 11 slots runs → täglich 🚀',
    });
    const slot = slotOf(job, INSTANT);
    const firings = await backend.claimDue([decision(job, { firings: [passedOver, slot] })], {
      node: 'host.example:1@2',
    });
    const claimedAt = firings[0]?.claimedAt;
    assert.ok(claimedAt && claimedAt >= before && claimedAt <= (await now()));
    const common = {
      scheduleId: 'job',
      incarnation: job.incarnation,
      node: 'host.example:1@2',
      claimedAt,
      submittedAt: null,
    };
    assert.deepEqual(firings, [
      { ...passedOver, ...common },
      { ...slot, ...common },
    ]);
    assert.deepEqual(await backend.listFirings('job'), [firings[1], firings[0]]);
  });

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

  promise('SC-12 notes why a schedule cannot fire, and that it can again', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }));
    assert.ok(job);
    const error = 'No task "reports.build" is registered here. → Register it.';
    assert.deepEqual(await backend.claimDue([decision(job, { error, nextRun: null, firings: [] })], { node: 'n' }), []);
    assert.deepEqual(await backend.get('job'), { ...job, error, nextRun: null });
    await backend.claimDue([decision({ ...job, nextRun: null }, { nextRun: INSTANT })], { node: 'n' });
    assert.deepEqual(await backend.get('job'), job);
  });

  promise('writes a firing once, and counts it once, also when it is decided again', NEEDS, async ({ backend }) => {
    const due = { nextRun: INSTANT };
    const [job, other] = await stored(backend, schedule('job', due), schedule('other', due));
    assert.ok(job && other);
    const first = await claimSlots(backend, job, INSTANT);
    await backend.markFirings(first, { state: 'submitted' });
    const ledger = await backend.listFirings('job');
    const again = decision(job, { firings: [slotOf(job, INSTANT), slotOf(job, later(INSTANT, 1_000))] });
    const second = await backend.claimDue([again, decision(other)], { node: 'node-2' });
    assert.deepEqual(
      second.map(({ scheduleId, slot }) => [scheduleId, slot]),
      [
        ['job', later(INSTANT, 1_000)],
        ['other', INSTANT],
      ],
    );
    assert.deepEqual(await backend.listFirings('job'), [second[0], ...ledger]);
    const after = await Promise.all([backend.get('job'), backend.get('other')]);
    assert.deepEqual(
      after.map((task) => [task?.runCount, task?.nextRun]),
      [
        [2, later(INSTANT, 60_000)],
        [1, later(INSTANT, 60_000)],
      ],
    );
  });

  promise('SQ-08 keeps slots to the millisecond', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: new Date('2026-01-01T00:00:59.999Z') }));
    assert.ok(job);
    await backend.claimDue([decision(job, { nextRun: new Date('2026-01-01T00:01:00.600Z') })], { node: 'n' });
    const after = await backend.get('job');
    const [firing] = await backend.listFirings('job');
    const kept = [after?.lastRun, after?.nextRun, firing?.slot].map((instant) => instant?.toISOString());
    assert.deepEqual(kept, ['2026-01-01T00:00:59.999Z', '2026-01-01T00:01:00.600Z', '2026-01-01T00:00:59.999Z']);
  });

  promise('writes 600 decisions at once, each to its own schedule', NEEDS, async ({ backend }) => {
    const changes = Array.from({ length: 600 }, (_, i) =>
      schedule(`job-${i}`, { nextRun: later(INSTANT, i), runCount: i }),
    );
    await backend.applyChanges(changes.map((after) => ({ before: null, after })));
    const decisions = changes.map((job, i) =>
      decision(job, {
        error: i % 7 === 0 ? `error ${i}` : null,
        nextRun: i % 5 === 0 ? null : later(INSTANT, i + 60_000),
        firings: i % 3 === 0 ? [] : [slotOf(job, later(INSTANT, i))],
      }),
    );
    const claimed = await backend.claimDue(decisions, { node: 'node-1' });
    assert.equal(claimed.length, 400);
    const expected = changes.map((job, i) =>
      afterClaim(job, decisions[i]?.nextRun ?? null, decisions[i]?.error, claimed),
    );
    assert.deepEqual(
      await backend.listAll(),
      expected.sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  });

  promise('writes nothing when there is nothing to write', NEEDS, async ({ backend }) => {
    assert.deepEqual(await backend.claimDue([], { node: 'node-1' }), []);
    await backend.markFirings([], { state: 'submitted' });
    assert.equal(await backend.applyChanges([]), true);
  });
}

function afterClaim(
  job: ScheduledTask,
  nextRun: Date | null,
  error: string | null = null,
  claimed: readonly Firing[],
): ScheduledTask {
  const firing = claimed.find(({ scheduleId }) => scheduleId === job.id);
  const ran = firing && { lastRun: firing.slot, lastTaskId: firing.id, runCount: job.runCount + 1 };
  return { ...job, nextRun, error, ...ran };
}
