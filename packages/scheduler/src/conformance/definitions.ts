import assert from 'node:assert/strict';
import type { JsonObject, JsonValue } from '@flowrra/core';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { INSTANT, later, schedule, stored } from './sample-schedules.js';

export function definitions(promise: SchedulerBackendPromise): void {
  promise('finds the schedule with exactly the definition', async ({ backend }) => {
    const task = schedule('job', { args: [1, 'two'], kwargs: { deep: true }, timeZone: 'Europe/Berlin' });
    await stored(backend, task, schedule('other'));
    const { taskName, scheduleType, args, kwargs, timeZone } = task;
    const find = (type = scheduleType, text = task.schedule, name = taskName, list = args, zone = timeZone) =>
      backend.findByDefinition(name, type, text, list, kwargs, zone);
    assert.deepEqual(await find(), task);
    assert.equal(await find('one_time'), null);
    assert.equal(await find(scheduleType, '60001'), null);
    assert.equal(await find(scheduleType, task.schedule, 'Reports.build'), null);
    assert.equal(await find(scheduleType, task.schedule, taskName, ['two', 1]), null);
    assert.equal(await find(scheduleType, task.schedule, taskName, ['1', 'two']), null);
    assert.equal(await find(scheduleType, task.schedule, taskName, args, 'UTC'), null);
  });

  promise('takes no arguments, null and UTC for what is not given', async ({ backend }) => {
    const plain = schedule('plain');
    await stored(backend, schedule('zone', { timeZone: 'Etc/UTC' }), schedule('args', { args: [null] }), plain);
    assert.deepEqual(await backend.findByDefinition('reports.build', 'interval', '60000'), plain);
  });

  promise('keeps apart keyword arguments that are null and those that are empty', async ({ backend }) => {
    const [empty] = await stored(backend, schedule('empty', { kwargs: {} }));
    const find = (kwargs: JsonObject | null) =>
      backend.findByDefinition('reports.build', 'interval', '60000', [], kwargs);
    assert.deepEqual([await find(null), await find({})], [null, empty]);
    const [nothing] = await stored(backend, schedule('nothing', { kwargs: null }));
    assert.deepEqual([await find(null), await find({})], [nothing, empty]);
  });

  promise('does not mind the order of keys, at any depth (SQ-12)', async ({ backend }) => {
    const task = schedule('job', { args: [{ b: { d: 1, c: [{ z: 1, y: 2 }] }, a: 2 }], kwargs: { y: 1, x: null } });
    await stored(backend, task);
    const args = [{ a: 2, b: { c: [{ y: 2, z: 1 }], d: 1 } }];
    const found = await backend.findByDefinition('reports.build', 'interval', '60000', args, { x: null, y: 1 });
    assert.deepEqual(found, task);
  });

  promise('refuses to look for arguments that are no JSON', async ({ backend }) => {
    const cycle: JsonValue[] = [];
    cycle.push(cycle);
    for (const args of [[1n], cycle, 1n, {}] as unknown[] as JsonValue[][]) {
      const search = backend.findByDefinition('reports.build', 'interval', '60000', args);
      await assert.rejects(search, { code: 'NOT_SERIALIZABLE' });
    }
    const kwargs = { a: 1n } as unknown as JsonObject;
    const search = backend.findByDefinition('reports.build', 'interval', '60000', [], kwargs);
    await assert.rejects(search, { code: 'NOT_SERIALIZABLE' });
  });

  promise('finds the oldest of several', async ({ backend }) => {
    const oldest = schedule('b', { createdAt: later(INSTANT, -1) });
    await stored(backend, schedule('a'), oldest, schedule('c'));
    assert.deepEqual(await backend.findByDefinition('reports.build', 'interval', '60000'), oldest);
    await backend.delete('b');
    await backend.update(schedule('a', { schedule: '1000' }));
    assert.equal((await backend.findByDefinition('reports.build', 'interval', '60000'))?.id, 'c');
    assert.equal((await backend.findByDefinition('reports.build', 'interval', '1000'))?.id, 'a');
  });
}
