import assert from 'node:assert/strict';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, ids, later, schedule, stored } from './sample-schedules.js';

const NEEDS = { needs: ['claims'] } as const;
const TIMED = { needs: ['claims', 'advance'] } as const;

export function dueness(promise: SchedulerBackendPromise): void {
  promise('has nothing to do when there is nothing', NEEDS, async ({ backend }) => {
    const { now, nextRun, oldestClaim } = await backend.dueTimes();
    assert.ok(now instanceof Date && now.getTime() > 0);
    assert.deepEqual([nextRun, oldestClaim], [null, null]);
  });

  promise('knows the earliest next run, past or future, of what is enabled', NEEDS, async ({ backend, now }) => {
    const at = await now();
    const next = async (): Promise<Date | null> => (await backend.dueTimes()).nextRun;
    await stored(backend, schedule('never'), schedule('off', { enabled: false, nextRun: later(at, -9_000) }));
    assert.equal(await next(), null);
    await backend.create(schedule('future', { nextRun: later(at, 3_600_001) }));
    assert.deepEqual(await next(), later(at, 3_600_001));
    await backend.create(schedule('past', { nextRun: later(at, -5_001) }));
    assert.deepEqual(await next(), later(at, -5_001));
    await backend.updateRunTimes('past', at, null);
    assert.deepEqual(await next(), later(at, 3_600_001));
  });

  promise('knows since when the oldest claimed firing waits', NEEDS, async ({ backend, now }) => {
    const at = await now();
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const claimed = await claimSlots(backend, job, at, later(at, 1));
    const oldest = async (): Promise<Date | null> => (await backend.dueTimes()).oldestClaim;
    assert.deepEqual(await oldest(), claimed[0]?.claimedAt);
    await backend.markFirings(claimed.slice(0, 1), { state: 'submitted' });
    assert.deepEqual(await oldest(), claimed[1]?.claimedAt);
    await backend.markFirings(claimed, { state: 'unknown' });
    assert.equal(await oldest(), null);
  });

  promise('knows the oldest of claims that were made one after the other', TIMED, async ({ backend, advance, now }) => {
    const at = await now();
    const [job] = await stored(backend, schedule('job'));
    assert.ok(job);
    const [first] = await claimSlots(backend, job, later(at, 9));
    await advance(1_000);
    const [second] = await claimSlots(backend, job, later(at, 5));
    assert.ok(first && second);
    assert.deepEqual((await backend.dueTimes()).oldestClaim, at);
    await backend.markFirings([first], { state: 'submitted' });
    assert.deepEqual((await backend.dueTimes()).oldestClaim, later(at, 1_000));
  });

  promise('has nothing to do for tasks that are left out', NEEDS, async ({ backend, now }) => {
    const at = await now();
    const [other, known] = await stored(
      backend,
      schedule('other', { taskName: 'other', nextRun: later(at, -10) }),
      schedule('known', { taskName: 'known', nextRun: later(at, -5) }),
    );
    assert.ok(other && known);
    const [claim] = await claimSlots(backend, other, at);
    assert.deepEqual((await backend.dueTimes({ exceptTasks: [] })).oldestClaim, claim?.claimedAt);
    const left = await backend.dueTimes({ exceptTasks: ['other', "it's nobody's"] });
    assert.deepEqual([left.nextRun, left.oldestClaim], [known.nextRun, null]);
    await backend.delete('other');
    assert.deepEqual(
      (await backend.dueTimes({ exceptTasks: ['other'] })).oldestClaim,
      claim?.claimedAt,
      'A firing whose schedule is gone is left to everybody.',
    );
  });

  promise('reads what is due by the store clock, the longest overdue first', NEEDS, async ({ backend, now }) => {
    const at = await now();
    const [a, b, c] = await stored(
      backend,
      schedule('c', { nextRun: later(at, -3_000) }),
      schedule('a', { nextRun: later(at, -2_000) }),
      schedule('b', { nextRun: later(at, -1_000) }),
      schedule('off', { nextRun: later(at, -9_000), enabled: false }),
      schedule('never'),
      schedule('tomorrow', { nextRun: later(at, 86_400_000) }),
    );
    const read = await backend.readDue({ limit: 10 });
    assert.deepEqual(read.schedules, [a, b, c]);
    assert.ok(read.now >= at);
  });

  promise('reads no more than the limit, and nothing that is left out', NEEDS, async ({ backend, now }) => {
    const at = await now();
    const tasks = ['x', 'y', 'x', 'y', 'z', 'x'];
    await stored(
      backend,
      ...tasks.map((taskName, i) => schedule(`job-${i}`, { taskName, nextRun: later(at, i - 100) })),
    );
    const read = async (limit: number, ...exceptTasks: string[]): Promise<string[]> =>
      ids((await backend.readDue({ limit, exceptTasks })).schedules);
    assert.deepEqual(await read(2), ['job-0', 'job-1']);
    assert.deepEqual(await read(2, 'x'), ['job-1', 'job-3']);
    assert.deepEqual(await read(10, 'x', 'y'), ['job-4']);
    assert.deepEqual(await read(10, 'x', 'y', 'z', 'nobody'), []);
    assert.deepEqual(await read(10, 'X'), ['job-0', 'job-1', 'job-2', 'job-3', 'job-4', 'job-5']);
  });

  promise('reads nothing a millisecond before it is due (SC-08)', TIMED, async ({ backend, advance, now }) => {
    const at = await now();
    await stored(backend, schedule('job', { nextRun: later(at, 1_000) }));
    await advance(999);
    assert.deepEqual(await backend.readDue({ limit: 1 }), { now: later(at, 999), schedules: [] });
    assert.deepEqual(await backend.listDue(), []);
    await advance(1);
    const { now: readAt, schedules } = await backend.readDue({ limit: 1 });
    assert.deepEqual([readAt, ids(schedules)], [later(at, 1_000), ['job']]);
    assert.deepEqual(ids(await backend.listDue()), ['job']);
  });
}
