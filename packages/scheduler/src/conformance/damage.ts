import assert from 'node:assert/strict';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, ids, later, schedule, stored } from './sample-schedules.js';

const NEEDS = { needs: ['damage'] } as const;
const LEDGER = { needs: ['damage', 'claims'] } as const;
const LONG_AGO = new Date('2001-01-01T00:00:00Z');

export function damage(promise: SchedulerBackendPromise): void {
  promise('shows a damaged schedule with an error, and the others as they are (SC-12)', NEEDS, async (fixture) => {
    const { backend, damage } = fixture;
    const [a, , z] = await stored(backend, schedule('a'), schedule('spoilt', { args: [1] }), schedule('z'));
    await damage('spoilt');
    const spoilt = await backend.get('spoilt');
    assert.ok(spoilt?.error, 'A schedule that cannot fire says why.');
    assert.equal(spoilt.damaged, true, 'What it shows is not to be run, and not to be written again.');
    for (const list of [backend.listAll(), backend.listEnabled()]) assert.deepEqual(await list, [a, spoilt, z]);
  });

  promise('lets a damaged schedule be replaced, or removed', NEEDS, async ({ backend, damage }) => {
    await stored(backend, schedule('replaced'), schedule('removed'));
    for (const id of ['replaced', 'removed']) await damage(id);
    await backend.update(schedule('replaced', { args: [1] }));
    const replaced = await backend.get('replaced');
    assert.deepEqual([replaced?.args, replaced?.damaged ?? false], [[1], false]);
    assert.equal(await backend.delete('removed'), true);
    assert.deepEqual(ids(await backend.listAll()), ['replaced']);
  });

  promise('reads what is due beside a damaged schedule, and is not stuck on it (SC-12)', LEDGER, async (fixture) => {
    const { backend, damage, now } = fixture;
    const at = await now();
    await stored(
      backend,
      schedule('spoilt', { nextRun: later(at, -9_000) }),
      schedule('due', { nextRun: later(at, -1_000) }),
    );
    await damage('spoilt');
    for (let round = 0; round < 3; round++) await backend.readDue({ limit: 1 });
    assert.deepEqual(ids((await backend.readDue({ limit: 1 })).schedules), ['due']);
    const { nextRun } = await backend.dueTimes();
    assert.deepEqual(nextRun, later(at, -1_000), 'The damaged schedule has no next run any more.');
    const spoilt = await backend.get('spoilt');
    assert.deepEqual([spoilt?.enabled, spoilt?.nextRun], [true, null]);
    assert.ok(spoilt?.error);
  });

  promise('hands out firings beside one of a damaged schedule (SC-12)', LEDGER, async ({ backend, damage }) => {
    const [spoilt, whole] = await stored(backend, schedule('spoilt'), schedule('whole'));
    assert.ok(spoilt && whole);
    await claimSlots(backend, spoilt, LONG_AGO);
    await claimSlots(backend, whole, LONG_AGO);
    await damage('spoilt');
    const found = await backend.unsubmittedFirings({ olderThan: 0, limit: 10 });
    const handedOut = found.map(({ firing, schedule }) => [firing.scheduleId, schedule?.id ?? null]);
    assert.deepEqual(handedOut.sort(), [
      ['spoilt', null],
      ['whole', 'whole'],
    ]);
  });
}
