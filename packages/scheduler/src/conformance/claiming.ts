import assert from 'node:assert/strict';
import type { Firing, ScheduledTask } from '@flowrra/core';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, decision, INSTANT, ids, later, schedule, slotOf, stored } from './sample-schedules.js';

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

  promise('takes any text for an error or a reason, and is never stuck on it (SQ-10)', NEEDS, async ({ backend }) => {
    const [job, other] = await stored(backend, schedule('job', { nextRun: INSTANT }), schedule('other'));
    assert.ok(job && other);
    // The message of a foreign error may be cut in the middle of a character.
    const foreign = 'refused: nul \0, half \ud83d';
    const skipped = slotOf(job, INSTANT, { state: 'skipped', reason: foreign });
    const decisions = [decision(job, { error: foreign, firings: [skipped] }), decision(other, { error: 'plain' })];
    await backend.claimDue(decisions, { node: 'node-1' });
    const [claimed] = await claimSlots(backend, other, INSTANT);
    assert.ok(claimed);
    await backend.markFirings([claimed], { state: 'skipped', reason: foreign });
    const [firings, marked] = await Promise.all([backend.listFirings('job'), backend.listFirings('other')]);
    const texts = [(await backend.get('job'))?.error, firings[0]?.reason, marked[0]?.reason];
    assert.deepEqual(texts, Array(3).fill('refused: nul \uFFFD, half \uFFFD'));
    assert.equal(marked[0]?.state, 'skipped');
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

  promise('takes several decisions for one schedule one after the other', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }));
    assert.ok(job);
    const [next, twice] = [later(INSTANT, 60_000), slotOf(job, later(INSTANT, 5), { kind: 'manual' })];
    const decisions = [
      decision(job),
      decision(job, { error: 'Decided for a row that the first one changed.' }),
      decision(job, { dueAt: next, nextRun: next, firings: [twice, twice] }),
      decision(job, { dueAt: next, nextRun: next, firings: [twice] }),
      decision(job, { dueAt: next, nextRun: null, firings: [slotOf(job, next)] }),
    ];
    const claimed = await backend.claimDue(decisions, { node: 'node-1' });
    assert.deepEqual(ids(claimed), [slotOf(job, INSTANT).id, twice.id, slotOf(job, next).id]);
    const after = { ...job, nextRun: null, lastRun: next, lastTaskId: slotOf(job, next).id, runCount: 2 };
    assert.deepEqual(await backend.get('job'), after);
    assert.equal((await backend.listFirings('job')).length, 3);
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
