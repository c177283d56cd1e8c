import assert from 'node:assert/strict';
import type { BaseSchedulerBackend, ScheduledTask } from '@flowrra/core';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { decision, INSTANT, ids, later, schedule, stored } from './sample-schedules.js';

/** What may happen to a schedule between reading it and writing what was decided. */
const MEANWHILE: readonly [
  string,
  Partial<ScheduledTask>,
  (backend: BaseSchedulerBackend, task: ScheduledTask) => Promise<unknown>,
][] = [
  ['updated', {}, (backend, task) => backend.update({ ...task, description: 'updated' })],
  ['moved to another next run', {}, (backend, task) => backend.updateRunTimes(task.id, INSTANT, later(INSTANT, 1))],
  ['moved to no next run', {}, (backend, task) => backend.updateRunTimes(task.id, INSTANT, null)],
  [
    'given a next run where it had none',
    { nextRun: null },
    (backend, task) => backend.updateRunTimes(task.id, INSTANT, INSTANT),
  ],
  ['removed', {}, (backend, task) => backend.delete(task.id)],
  [
    'removed and created anew',
    {},
    async (backend, task) => {
      await backend.delete(task.id);
      await backend.create({ ...task, incarnation: 'another' });
    },
  ],
];

export function staleness(promise: SchedulerBackendPromise): void {
  for (const [what, fields, change] of MEANWHILE) {
    promise(
      `claims nothing of a schedule that was ${what} since (SI-5)`,
      { needs: ['claims'] },
      async ({ backend }) => {
        const [job, other] = await stored(
          backend,
          schedule('job', { nextRun: INSTANT, ...fields }),
          schedule('other', { nextRun: INSTANT }),
        );
        assert.ok(job && other);
        await change(backend, job);
        const changed = await backend.get('job');
        const stale = decision(job, {
          nextRun: later(INSTANT, 60_000),
          error: 'stale',
          firings: decision(other).firings,
        });
        const staleFirings = stale.firings.map((firing) => ({ ...firing, id: 'slot-stale' }));
        const claimed = await backend.claimDue([{ ...stale, firings: staleFirings }, decision(other)], { node: 'n' });
        assert.deepEqual(ids(claimed), ids(decision(other).firings));
        assert.deepEqual(await backend.get('job'), changed);
        assert.deepEqual(await backend.listFirings('job'), []);
        assert.deepEqual((await backend.get('other'))?.nextRun, later(INSTANT, 60_000));
      },
    );

    promise(`changes nothing when a schedule was ${what} since`, { needs: ['claims'] }, async ({ backend }) => {
      const [job, other] = await stored(backend, schedule('job', { nextRun: INSTANT, ...fields }), schedule('other'));
      assert.ok(job && other);
      await change(backend, job);
      const before = await backend.listAll();
      const others = [
        { before: null, after: schedule('new') },
        { before: other, after: { ...other, description: 'changed' } },
      ];
      for (const after of [{ ...job, description: 'stale' }, null]) {
        assert.equal(await backend.applyChanges([...others, { before: job, after }]), false);
        assert.deepEqual(await backend.listAll(), before);
        assert.equal(await backend.applyChanges([{ before: job, after }, ...others]), false);
        assert.deepEqual(await backend.listAll(), before);
      }
    });
  }
}
