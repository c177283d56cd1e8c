import assert from 'node:assert/strict';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { decision, INSTANT, schedule, stored } from './sample-schedules.js';

export function closing(promise: SchedulerBackendPromise): void {
  promise('may be opened again, and keeps what it has', async ({ backend, context }) => {
    await backend.create(schedule('job'));
    await Promise.all([backend.open(context), backend.open(context)]);
    assert.deepEqual(await backend.listAll(), [schedule('job')]);
  });

  promise('closes more than once, also at the same time', async ({ backend }) => {
    await backend.create(schedule('job'));
    await Promise.all([backend.close(), backend.close()]);
    await backend.close();
  });

  promise('says that it is closed when it is used afterwards', async ({ backend }) => {
    await backend.close();
    const calls = [
      backend.create(schedule('job')),
      backend.update(schedule('job')),
      backend.delete('job'),
      backend.get('job'),
      backend.listAll(),
      backend.listEnabled(),
      backend.listDue(),
      backend.updateRunTimes('job', INSTANT, null),
      backend.clear(),
      backend.findByDefinition('reports.build', 'interval', '60000'),
    ];
    await refuse(calls);
  });

  promise('says that it is closed when its ledger is used afterwards', { needs: ['claims'] }, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }));
    assert.ok(job);
    await backend.close();
    const calls = [
      backend.dueTimes(),
      backend.readDue({ limit: 1 }),
      backend.claimDue([decision(job)], { node: 'node-1' }),
      backend.unsubmittedFirings({ olderThan: 0, limit: 1 }),
      backend.markFirings([], { state: 'submitted' }),
      backend.listFirings('job'),
      backend.pruneFirings({ olderThan: 1, keep: 1 }),
      backend.applyChanges([]),
      backend.listMatching({}),
    ];
    await refuse(calls);
  });

  promise('ends the waits that are under way when it closes', { needs: ['claims'] }, async ({ backend, hears }) => {
    const waits = [1, 2].map(() => backend.waitForChange({ signal: new AbortController().signal }));
    await backend.close();
    await hears(
      Promise.all(waits).then(() => {}),
      'The end of the backend',
    );
    await backend.waitForChange({ signal: new AbortController().signal });
  });

  promise('ends what was called before it closes', async ({ backend }) => {
    const [job] = await stored(backend, schedule('job'));
    const calls = [1, 2, 3].map((i) => backend.create(schedule(`job-${i}`)));
    const reading = backend.get('job');
    await backend.close();
    await Promise.all(calls);
    assert.deepEqual(await reading, job);
  });
}

async function refuse(calls: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(calls);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'not refused')),
    calls.map(() => 'STOPPED'),
  );
}
