import assert from 'node:assert/strict';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { decision, INSTANT, ids, later, schedule, stored } from './sample-schedules.js';

const NEEDS = { needs: ['claims', 'another'] } as const;

export function racing(promise: SchedulerBackendPromise): void {
  promise('lets one of 20 creators of an id win (SC-13)', { needs: ['another'] }, async ({ backend, another }) => {
    const doors = [backend, await another()];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => doors[i % 2]?.create(schedule('job', { incarnation: `by-${i}` }))),
    );
    const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [`by-${i}`] : []));
    const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
    assert.deepEqual(codes, Array(19).fill('SCHEDULE_EXISTS'));
    const all = await backend.listAll();
    assert.deepEqual(
      all.map(({ incarnation }) => incarnation),
      winners,
    );
  });

  promise('counts every one of 20 updates at once', { needs: ['another'] }, async ({ backend, another }) => {
    const doors = [backend, await another()];
    await stored(backend, schedule('job'));
    await Promise.all(Array.from({ length: 20 }, (_, i) => doors[i % 2]?.update(schedule('job', { args: [i] }))));
    assert.equal((await backend.get('job'))?.revision, 21);
  });

  promise('lets one of 10 writers of the same change win', NEEDS, async ({ backend, another }) => {
    const doors = [backend, await another()];
    const [before] = await stored(backend, schedule('job'));
    assert.ok(before);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        doors[i % 2]?.applyChanges([
          { before: null, after: schedule(`new-${i}`) },
          { before, after: { ...before, args: [i] } },
        ]),
      ),
    );
    const winner = outcomes.indexOf(true);
    assert.deepEqual(
      outcomes,
      outcomes.map((_, i) => i === winner),
    );
    assert.deepEqual(ids(await backend.listAll()), ['job', `new-${winner}`]);
    assert.deepEqual((await backend.get('job'))?.args, [winner]);
  });

  promise('gives each slot to one of several claimers at once (SQ-04, SI-1)', NEEDS, async ({ backend, another }) => {
    const doors = [backend, await another()];
    const jobs = Array.from({ length: 200 }, (_, i) => schedule(`job-${1_000 + i}`, { nextRun: later(INSTANT, i) }));
    await backend.applyChanges(jobs.map((after) => ({ before: null, after })));
    const decisions = jobs.map((job) => decision(job));
    const orders = [decisions, decisions.toReversed(), decisions.slice(100), decisions.slice(0, 100).toReversed()];
    const claims = await Promise.all(
      orders.map((order, i) => doors[i % 2]?.claimDue(order, { node: `node-${i}` }) ?? []),
    );
    assert.deepEqual(
      ids(claims.flat()).sort(),
      ids(decisions.flatMap(({ firings }) => firings)).sort(),
      'Every slot is claimed, and by one claimer only.',
    );
    for (const [i, claimed] of claims.entries()) {
      for (const { node } of claimed) assert.equal(node, `node-${i}`);
    }
    const after = await backend.listAll();
    assert.deepEqual(
      after,
      jobs.map((job, i) => ({
        ...job,
        nextRun: later(INSTANT, i + 60_000),
        lastRun: job.nextRun,
        lastTaskId: decisions[i]?.firings[0]?.id,
        runCount: 1,
      })),
    );
  });

  promise('claims a slot or changes its schedule, never both (SI-5)', NEEDS, async ({ backend, another }) => {
    const other = await another();
    const jobs = Array.from({ length: 20 }, (_, i) => schedule(`job-${i}`, { nextRun: INSTANT }));
    await stored(backend, ...jobs);
    const outcomes = await Promise.all(
      jobs.map(async (before) => {
        const change = other.applyChanges([{ before, after: { ...before, enabled: false, nextRun: null } }]);
        const claim = backend.claimDue([decision(before)], { node: 'node-1' });
        return { id: before.id, changed: await change, claimed: (await claim).length === 1 };
      }),
    );
    for (const { id, changed, claimed } of outcomes) {
      assert.notEqual(changed, claimed, `${id}: changed ${changed}, claimed ${claimed}`);
      const nextRun = changed ? null : later(INSTANT, 60_000);
      assert.deepEqual((await backend.get(id))?.nextRun, nextRun);
      assert.equal((await backend.listFirings(id)).length, claimed ? 1 : 0);
    }
  });

  promise('leaves disabled what is disabled while it is claimed (SI-6)', NEEDS, async ({ backend, another }) => {
    const other = await another();
    const jobs = Array.from({ length: 20 }, (_, i) => schedule(`job-${10 + i}`, { nextRun: INSTANT }));
    await stored(backend, ...jobs);
    await Promise.all(
      jobs.flatMap((job) => [
        backend.claimDue([decision(job)], { node: 'node-1' }),
        other.update({ ...job, enabled: false, nextRun: null }),
      ]),
    );
    assert.deepEqual(
      await backend.listAll(),
      jobs.map((job) => ({ ...job, enabled: false, nextRun: null, revision: 2 })),
    );
    const late = await backend.claimDue(
      jobs.map((job) => decision(job)),
      { node: 'node-1' },
    );
    assert.deepEqual(late, []);
  });
}
