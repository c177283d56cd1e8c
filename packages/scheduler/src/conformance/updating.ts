import assert from 'node:assert/strict';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, fullSchedule, INSTANT, ids, later, schedule, stored } from './sample-schedules.js';

export function updating(promise: SchedulerBackendPromise): void {
  promise('replaces every field by the given one, and counts the revision on', async ({ backend }) => {
    await stored(backend, schedule('job'), schedule('other'));
    await backend.update({ ...fullSchedule('job'), revision: 77 });
    assert.deepEqual(await backend.get('job'), { ...fullSchedule('job'), revision: 2 });
    await backend.update(schedule('job', { revision: 0 }));
    assert.deepEqual(await backend.get('job'), schedule('job', { revision: 3 }));
    assert.deepEqual(await backend.get('other'), schedule('other'));
  });

  promise('finds a replaced schedule by what it is now, and not by what it was', async ({ backend }) => {
    await stored(backend, schedule('job', { description: 'old' }), schedule('other', { schedule: '5000' }));
    await backend.update(schedule('job', { description: 'new', schedule: '1000', nextRun: INSTANT }));
    const find = async (text: string) => (await backend.findByDefinition('reports.build', 'interval', text))?.id;
    assert.deepEqual([await find('60000'), await find('1000')], [undefined, 'job']);
    assert.deepEqual(ids(await backend.listDue(INSTANT)), ['job']);
    if (!backend.supports.claims) return;
    const search = async (text: string) => ids(await backend.listMatching({ text }));
    assert.deepEqual([await search('old'), await search('NEW')], [[], ['job']]);
  });

  promise('refuses to update what is not there, and creates nothing', async ({ backend }) => {
    await stored(backend, schedule('Job'));
    await assert.rejects(backend.update(schedule('job')), { code: 'SCHEDULE_NOT_FOUND', scheduleId: 'job' });
    assert.deepEqual(ids(await backend.listAll()), ['Job']);
  });

  promise('notes when a schedule ran and runs next, and leaves the rest as it is', async ({ backend }) => {
    const [job] = await stored(backend, { ...fullSchedule('job'), revision: 1 });
    const ran = later(INSTANT, 1);
    await backend.updateRunTimes('job', ran, later(INSTANT, 61_001));
    assert.deepEqual(await backend.get('job'), { ...job, lastRun: ran, nextRun: later(INSTANT, 61_001) });
    await backend.updateRunTimes('job', ran, null);
    assert.deepEqual(await backend.get('job'), { ...job, lastRun: ran, nextRun: null });
  });

  promise('refuses to note a run of what is not there', async ({ backend }) => {
    await assert.rejects(backend.updateRunTimes('job', INSTANT, null), {
      code: 'SCHEDULE_NOT_FOUND',
      scheduleId: 'job',
    });
  });

  promise('removes a schedule once, and makes room for another one', async ({ backend }) => {
    await stored(backend, schedule('job', { description: 'first' }), schedule('other'));
    assert.equal(await backend.delete('job'), true);
    assert.equal(await backend.delete('job'), false);
    assert.equal(await backend.get('job'), null);
    assert.deepEqual(ids(await backend.listAll()), ['other']);
    const second = schedule('job', { description: 'second', incarnation: 'second' });
    await backend.create(second);
    assert.deepEqual(await backend.get('job'), second);
  });

  promise('removes nothing, and finds nothing, by an id that is no text', async ({ backend }) => {
    const [job] = await stored(backend, schedule('job'), schedule('other'));
    for (const id of [undefined, null, 0, true, {}, ['job']] as unknown[] as string[]) {
      // Refused or not is the store's choice: what it must not do is to take it for another one.
      const noted = backend.updateRunTimes(id, INSTANT, null).then(
        () => true,
        () => false,
      );
      const answers = [
        await backend.get(id).catch(() => null),
        await backend.delete(id).catch(() => false),
        await noted,
      ];
      assert.deepEqual(answers, [null, false, false]);
    }
    assert.deepEqual(await backend.get('job'), job);
    assert.equal((await backend.listAll()).length, 2);
  });

  promise('removes all schedules, and says how many there were', async ({ backend }) => {
    await stored(backend, schedule('a'), schedule('b', { enabled: false }), schedule('c'));
    assert.equal(await backend.clear(), 3);
    assert.equal(await backend.clear(), 0);
    assert.deepEqual(await backend.listAll(), []);
    await backend.create(schedule('a'));
    assert.deepEqual(await backend.listAll(), [schedule('a')]);
  });

  promise('keeps the ledger of what is removed or cleared', { needs: ['claims'] }, async ({ backend }) => {
    const [a, b] = await stored(backend, schedule('a'), schedule('b'));
    assert.ok(a && b);
    const firings = [...(await claimSlots(backend, a, INSTANT)), ...(await claimSlots(backend, b, INSTANT))];
    await backend.delete('a');
    await backend.clear();
    assert.deepEqual([...(await backend.listFirings('a')), ...(await backend.listFirings('b'))], firings);
  });

  promise('shows another process every change at once', { needs: ['another'] }, async ({ backend, another }) => {
    const other = await another();
    await backend.create(schedule('job'));
    assert.deepEqual(await other.get('job'), schedule('job'));
    await other.update(schedule('job', { description: 'changed' }));
    assert.equal((await backend.get('job'))?.description, 'changed');
    await backend.delete('job');
    assert.equal(await other.get('job'), null);
  });
}
