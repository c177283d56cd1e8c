import assert from 'node:assert/strict';
import type { JsonObject, ScheduledTask } from '@flowrra/core';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { fullSchedule, INSTANT, ids, schedule } from './sample-schedules.js';

export function storing(promise: SchedulerBackendPromise): void {
  promise('gives back every field of a schedule, instants to the millisecond (SQ-08)', async ({ backend }) => {
    const empty = {
      catchUp: 'skip',
      kwargs: {},
      description: '',
      error: '',
      priority: 0,
      retries: 0,
      timeout: 0,
    } as const;
    const tasks = [fullSchedule('full'), schedule('bare'), schedule('empty', empty)];
    for (const task of tasks) await backend.create(task);
    for (const task of tasks) assert.deepEqual(await backend.get(task.id), task);
  });

  promise('never rounds a next run into the next second (SQ-08)', async ({ backend }) => {
    const instants = ['2026-01-01T00:00:00.600Z', '2026-01-01T00:00:59.999Z', '2026-06-30T23:59:59.500Z'];
    for (const [i, at] of instants.entries()) await backend.create(schedule(`at-${i}`, { nextRun: new Date(at) }));
    const read = await backend.listAll();
    assert.deepEqual(
      read.map((task) => task.nextRun?.toISOString()),
      instants,
    );
  });

  promise('gives back arguments unchanged, whatever is in them (SE-07)', async ({ backend }) => {
    const values = [
      [],
      [[]],
      [{}],
      [{ a: [] }],
      ['9007199254740993'],
      [9007199254740991, -1e-7, 1.5e300],
      [null],
      [''],
      // In kwargs one level deeper, which is as deep as arguments may be.
      JSON.parse(`${'['.repeat(31)}1${']'.repeat(31)}`),
    ];
    for (const [i, args] of values.entries()) {
      await backend.create(schedule(`args-${i}`, { args, kwargs: { args } }));
      const read = await backend.get(`args-${i}`);
      assert.deepEqual([read?.args, read?.kwargs], [args, { args }]);
    }
  });

  promise('gives back arguments of 300 kB unchanged', async ({ backend }) => {
    const args = ['ü🚀|\n"\\'.repeat(30_000)];
    await backend.create(schedule('large', { args }));
    assert.deepEqual((await backend.get('large'))?.args, args);
  });

  promise('treats keys such as __proto__ as data', async ({ backend }) => {
    const hostile: JsonObject = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"x":1}}}');
    await backend.create(schedule('hostile', { args: [hostile], kwargs: hostile }));
    const read = await backend.get('hostile');
    assert.deepEqual(Object.keys(read?.kwargs ?? {}).sort(), ['__proto__', 'constructor']);
    assert.deepEqual([read?.args[0], read?.kwargs], [hostile, hostile]);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  promise('keeps ids apart that differ in one character or in its case (SQ-09)', async ({ backend }) => {
    const all = ['Job-A', 'job-a', 'job_a', 'job.a', 'job:a', 'job/a', 'job@a', 'constructor', 'j'.repeat(128)];
    for (const id of all) await backend.create(schedule(id, { description: id }));
    for (const id of all) assert.equal((await backend.get(id))?.description, id);
    assert.equal(await backend.delete('Job-A'), true);
    assert.deepEqual(ids(await backend.listAll()), all.slice(1).sort());
  });

  promise('has nothing for an id that was not stored, whatever objects call their own', async ({ backend }) => {
    await backend.create(schedule('job'));
    for (const id of ['unknown', 'constructor', 'toString', 'hasOwnProperty', 'JOB', 'job ']) {
      assert.equal(await backend.get(id), null);
    }
  });

  promise('counts the revisions itself, from 1 on', async ({ backend }) => {
    await backend.create(schedule('job', { revision: 40 }));
    assert.equal((await backend.get('job'))?.revision, 1);
  });

  promise('refuses an id that is taken, and keeps the schedule that has it', async ({ backend }) => {
    const first = schedule('job', { description: 'first' });
    await backend.create(first);
    await assert.rejects(backend.create(schedule('job', { description: 'second', incarnation: 'other' })), {
      code: 'SCHEDULE_EXISTS',
      scheduleId: 'job',
    });
    assert.deepEqual(await backend.get('job'), first);
  });

  promise('is not changed by what callers do to their own objects', async ({ backend }) => {
    const list = [1];
    const nextRun = new Date(INSTANT);
    const creating = backend.create(schedule('own', { args: [list], nextRun }));
    list.push(2);
    nextRun.setTime(0);
    await creating;
    const expected = schedule('own', { args: [[1]], nextRun: INSTANT });
    const read = await backend.get('own');
    assert.deepEqual(read, expected);
    read?.nextRun?.setTime(0);
    (read?.args[0] as number[] | undefined)?.push(3);
    assert.deepEqual(await backend.get('own'), expected);
  });

  promise('refuses what not every store could keep, and writes nothing (SQ-09, SQ-10)', async ({ backend }) => {
    const job = schedule('job');
    await backend.create(job);
    for (const [fields, error] of unstorable()) {
      await assert.rejects(backend.create(schedule('new', fields)), error);
      if (!('id' in fields)) await assert.rejects(backend.update(schedule('job', fields)), error);
    }
    for (const nothing of [null, undefined] as unknown[] as ScheduledTask[]) {
      await assert.rejects(backend.create(nothing), { code: 'INVALID_ARGUMENT' });
      await assert.rejects(backend.update(nothing), { code: 'INVALID_ARGUMENT' });
    }
    const never = new Date(Number.NaN);
    await assert.rejects(backend.updateRunTimes('job', INSTANT, never), { code: 'INVALID_ARGUMENT' });
    await assert.rejects(backend.updateRunTimes('job', never, null), { code: 'INVALID_ARGUMENT' });
    assert.deepEqual(await backend.listAll(), [job]);
  });
}

/** Fields and the error that they lead to. */
function unstorable(): [Partial<ScheduledTask>, { code: string }][] {
  const texts = ['nul \0', 'half \ud800'];
  return [
    [{ id: 'job-á' }, { code: 'INVALID_ARGUMENT' }],
    [{ nextRun: new Date(Number.NaN) }, { code: 'INVALID_ARGUMENT' }],
    ...texts.flatMap((text): [Partial<ScheduledTask>, { code: string }][] => [
      [{ description: text }, { code: 'NOT_SERIALIZABLE' }],
      [{ args: [{ deep: [text] }] }, { code: 'NOT_SERIALIZABLE' }],
      [{ kwargs: { [text]: 1 } }, { code: 'NOT_SERIALIZABLE' }],
    ]),
    // Some stores would round, cut or keep these.
    ...[1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53].map(invalid('timeout')),
    ...['jitter', 'maxRuns', 'runCount', 'priority', 'retries'].map((field) => invalid(field)(0.5)),
    ...['taskName', 'queue', 'owner', 'timeZone', 'incarnation'].map((field) => invalid(field)('x'.repeat(129))),
    // What a JavaScript caller may pass.
    ...['jitter', 'enabled', 'catchUp', 'createdAt'].map((field) => invalid(field)(null)),
    invalid('enabled')(1),
    invalid('catchUp')({ all: 1.5 }),
    ...[{ args: [10n] }, { args: {} }, { kwargs: [] }, { taskName: null }].map(
      (fields): [Partial<ScheduledTask>, { code: string }] => [
        fields as unknown as Partial<ScheduledTask>,
        { code: 'NOT_SERIALIZABLE' },
      ],
    ),
  ];
}

function invalid(field: string): (value: unknown) => [Partial<ScheduledTask>, { code: string }] {
  return (value) => [{ [field]: value }, { code: 'INVALID_ARGUMENT' }];
}
