import assert from 'node:assert/strict';
import { mayReplace, type TaskResult } from '../../tasks/task-result.js';
import { TaskStatus } from '../../tasks/task-status.js';
import { finished, SUBMITTED, sample, unfinished } from '../sample-results.js';
import type { ResultBackendPromise } from './describe-result-backend.js';

export function replacing(promise: ResultBackendPromise): void {
  promise('keeps the first final result, whatever comes after it (RB-05)', async ({ backend }) => {
    const first = finished('task', 'success', { fence: 2, attempt: 2 });
    assert.equal(await backend.store('task', first), true);
    for (const late of [
      unfinished('task', 'running'),
      unfinished('task', 'retrying'),
      finished('task', 'success', { value: 'stale' }),
      finished('task', 'failed', { fence: 2 }),
      finished('task', 'cancelled', { fence: 3 }),
      unfinished('task', 'running', { fence: 3 }),
    ]) {
      assert.equal(await backend.store('task', late), false);
      assert.deepEqual(await backend.get('task'), first);
    }
  });

  promise('refuses a delivery that was followed by another one', async ({ backend }) => {
    const later = unfinished('task', 'running', { fence: 3 });
    await backend.store('task', later);
    for (const late of [
      unfinished('task', 'running', { fence: 2 }),
      unfinished('task', 'retrying', { fence: 2 }),
      finished('task', 'success', { fence: 2 }),
    ]) {
      assert.equal(await backend.store('task', late), false);
      assert.deepEqual(await backend.get('task'), later);
    }
  });

  promise('takes what a later delivery says', async ({ backend }) => {
    await backend.store('task', unfinished('task', 'retrying', { fence: 1 }));
    const again = unfinished('task', 'running', { fence: 2, attempt: 2 });
    assert.equal(await backend.store('task', again), true);
    assert.deepEqual(await backend.get('task'), again);
  });

  promise('takes the latest progress of a running task', async ({ backend }) => {
    await backend.store('task', unfinished('task', 'running'));
    const reported = unfinished('task', 'running', { progress: 0.5 });
    assert.equal(await backend.store('task', reported), true);
    assert.deepEqual(await backend.get('task'), reported);
  });

  promise('starts anew when a finished id is submitted again later', async ({ backend }) => {
    await backend.store('task', finished('task', 'failed', { fence: 4 }));
    assert.equal(await backend.store('task', unfinished('task', 'pending')), false);
    const again = unfinished('task', 'pending', { submittedAt: SUBMITTED + 1 });
    assert.equal(await backend.store('task', again), true);
    assert.deepEqual(await backend.get('task'), again);
    assert.equal(await backend.store('task', finished('task', 'success', { submittedAt: SUBMITTED + 1 })), true);
  });

  promise('starts anew when an id is submitted again whose task did not end', async ({ backend }) => {
    await backend.store('task', unfinished('task', 'retrying', { fence: 4 }));
    assert.equal(await backend.store('task', unfinished('task', 'pending')), false);
    const again = unfinished('task', 'pending', { submittedAt: SUBMITTED + 1 });
    assert.equal(await backend.store('task', again), true);
    assert.deepEqual(await backend.get('task'), again);
    assert.equal(await backend.store('task', unfinished('task', 'running', { submittedAt: SUBMITTED + 1 })), true);
  });

  promise('accepts exactly what mayReplace allows', async ({ backend }) => {
    let id = 0;
    for (const [old, next] of pairs()) {
      const taskId = `pair-${id++}`;
      const before: TaskResult = { ...old, taskId };
      const after: TaskResult = { ...next, taskId };
      await backend.store(taskId, before);
      const allowed = mayReplace(old, next);
      const what = `${old.status}/${old.fence} then ${next.status}/${next.fence}`;
      assert.equal(await backend.store(taskId, after), allowed, what);
      assert.deepEqual(await backend.get(taskId), allowed ? after : before, what);
    }
  });

  promise('accepts one of many final results that come at once, and that one is read', async ({ backend }) => {
    await acceptsOne(
      (value) => backend.store('task', finished('task', 'success', { value })),
      () => backend.get('task'),
    );
  });

  promise(
    'accepts one of many final results of several processes',
    { needs: ['second'] },
    async ({ backend, second }) => {
      const stores = [backend, await second()];
      await acceptsOne(
        (value) => (stores[value % 2] ?? backend).store('task', finished('task', 'success', { value })),
        () => backend.get('task'),
      );
    },
  );
}

async function acceptsOne(
  store: (value: number) => Promise<boolean>,
  get: () => Promise<TaskResult | null>,
): Promise<void> {
  const accepted = await Promise.all(Array.from({ length: 20 }, (_, value) => store(value)));
  assert.equal(accepted.filter(Boolean).length, 1);
  const read = await get();
  assert.equal(read?.status === 'success' && read.result, accepted.indexOf(true));
}

/** Every status followed by every status, with a lower, an equal and a higher fence, submitted together and later. */
function* pairs(): Generator<[TaskResult, TaskResult]> {
  for (const old of Object.values(TaskStatus)) {
    for (const next of Object.values(TaskStatus)) {
      for (const fence of [1, 2, 3]) {
        for (const later of [0, 1]) {
          yield [
            sample('', old, { fence: 2 }),
            sample('', next, { fence, submittedAt: SUBMITTED + later, progress: 'next' }),
          ];
        }
      }
    }
  }
}
