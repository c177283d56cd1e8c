import assert from 'node:assert/strict';
import type { ScheduleChange } from '@flowrra/core';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, fullSchedule, INSTANT, ids, later, schedule, stored } from './sample-schedules.js';

const NEEDS = { needs: ['claims'] } as const;

export function applying(promise: SchedulerBackendPromise): void {
  promise('creates, replaces and removes together', NEEDS, async ({ backend }) => {
    const [job, gone, other] = await stored(backend, schedule('job'), schedule('gone'), schedule('other'));
    assert.ok(job && gone && other);
    const changes: ScheduleChange[] = [
      { before: null, after: { ...fullSchedule('new'), revision: 40 } },
      { before: job, after: { ...fullSchedule('job'), revision: 0 } },
      { before: gone, after: null },
    ];
    assert.equal(await backend.applyChanges(changes), true);
    assert.deepEqual(await backend.listAll(), [
      { ...fullSchedule('job'), revision: 2 },
      fullSchedule('new'),
      schedule('other'),
    ]);
    const { taskName, scheduleType, schedule: text, args, kwargs, timeZone } = fullSchedule('job');
    assert.equal((await backend.findByDefinition(taskName, scheduleType, text, args, kwargs, timeZone))?.id, 'job');
    assert.deepEqual(ids(await backend.listMatching({ text: 'TÄGLICH 🚀' })), ['job', 'new']);
  });

  promise('keeps the ledger of what it replaces and removes', NEEDS, async ({ backend }) => {
    const [job, gone] = await stored(backend, schedule('job'), schedule('gone'));
    assert.ok(job && gone);
    await claimSlots(backend, job, INSTANT);
    await claimSlots(backend, gone, INSTANT);
    const [before, removed] = await Promise.all([backend.get('job'), backend.get('gone')]);
    assert.ok(before && removed);
    const after = { ...before, description: 'changed' };
    assert.equal(
      await backend.applyChanges([
        { before, after },
        { before: removed, after: null },
      ]),
      true,
    );
    assert.equal((await backend.listFirings('job')).length, 1);
    assert.equal((await backend.listFirings('gone')).length, 1);
  });

  promise('changes nothing when an id to be created is taken', NEEDS, async ({ backend }) => {
    const [taken, gone] = await stored(backend, schedule('taken'), schedule('gone'));
    assert.ok(taken && gone);
    const changes: ScheduleChange[] = [
      { before: null, after: schedule('new') },
      { before: gone, after: null },
      { before: null, after: schedule('taken', { description: 'second', incarnation: 'second' }) },
    ];
    assert.equal(await backend.applyChanges(changes), false);
    assert.deepEqual(await backend.listAll(), [gone, taken]);
  });

  promise('writes nothing when one of the schedules cannot be kept', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const broken = { ...job, description: 'half \ud800' };
    const changes: ScheduleChange[] = [
      { before: null, after: schedule('new') },
      { before: job, after: broken },
    ];
    await assert.rejects(backend.applyChanges(changes), { code: 'NOT_SERIALIZABLE' });
    assert.deepEqual(await backend.listAll(), [job]);
  });

  promise('refuses to give a schedule another id', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const changes: ScheduleChange[] = [
      { before: null, after: schedule('new') },
      { before: job, after: { ...job, id: 'renamed' } },
    ];
    await assert.rejects(backend.applyChanges(changes), { code: 'INVALID_ARGUMENT', argument: 'id' });
    assert.deepEqual(await backend.listAll(), [job]);
  });

  promise('refuses what is no list of changes, and changes nothing', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job'));
    const create = { before: null, after: schedule('new') };
    const none = [null, create, [create, null], [create, {}], [create, { before: null, after: null }]];
    for (const changes of none as unknown[] as ScheduleChange[][]) {
      await assert.rejects(backend.applyChanges(changes), { code: 'INVALID_ARGUMENT', argument: 'changes' });
    }
    assert.deepEqual(await backend.listAll(), [job]);
  });

  promise('makes several changes of one schedule one after the other', NEEDS, async ({ backend }) => {
    const first = schedule('job', { description: 'first' });
    const second = { ...first, description: 'second', nextRun: INSTANT };
    const third = { ...second, incarnation: 'third', description: 'third', revision: 1 };
    const changes: ScheduleChange[] = [
      { before: null, after: first },
      { before: first, after: second },
      { before: { ...second, revision: 2 }, after: null },
      { before: null, after: third },
    ];
    assert.equal(await backend.applyChanges(changes), true);
    assert.deepEqual(await backend.listAll(), [third]);
  });

  promise('makes 1,500 changes or none', NEEDS, async ({ backend }) => {
    const created = Array.from({ length: 1_500 }, (_, i) => schedule(`job-${10_000 + i}`, { args: [i] }));
    assert.equal(await backend.applyChanges(created.map((after) => ({ before: null, after }))), true);
    assert.deepEqual(await backend.listAll(), created);
    const changes = created.map((before, i): ScheduleChange => {
      const after = { ...before, nextRun: later(INSTANT, i), description: `number ${i}`, enabled: i % 2 === 0 };
      return { before, after: i % 3 === 0 ? null : after };
    });
    const [last] = created.slice(-1);
    assert.ok(last);
    await backend.update(last);
    assert.equal(await backend.applyChanges(changes), false);
    assert.deepEqual(await backend.listAll(), [...created.slice(0, -1), { ...last, revision: 2 }]);
    assert.equal(await backend.applyChanges(changes.slice(0, -1)), true);
    const after = changes.slice(0, -1).flatMap((change) => change.after ?? []);
    assert.deepEqual(await backend.listAll(), [
      ...after.map((task) => ({ ...task, revision: 2 })),
      { ...last, revision: 2 },
    ]);
    assert.deepEqual(
      ids(await backend.listDue(later(INSTANT, 4))),
      ids(after.filter(({ enabled }) => enabled).slice(0, 2)),
    );
  });
}
