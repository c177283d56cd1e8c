import assert from 'node:assert/strict';
import type { Page } from '../../backends/base-result-backend.js';
import type { TaskStore } from '../../stores/task-store.js';
import { TaskStatus } from '../../tasks/task-status.js';
import { SAMPLE_ERROR } from '../sample-results.js';
import type { TaskStorePromise } from './describe-task-store.js';
import { claim, claimOne, ended, submit, succeeded, task } from './store-steps.js';

const NEEDS = { needs: ['listByStatus'] } as const;

export function listing(promise: TaskStorePromise): void {
  promise('lists a task under the status that it has, all its life', NEEDS, async ({ store }) => {
    await submit(store, ['a']);
    await isListedOnceAs(store, 'pending');
    const first = await claimOne(store);
    await isListedOnceAs(store, 'running');
    await store.reportProgress(first, '0.5');
    await isListedOnceAs(store, 'running');
    await store.retry(first, { runAt: { after: 0 }, error: SAMPLE_ERROR });
    await isListedOnceAs(store, 'retrying');
    const second = await claimOne(store);
    await isListedOnceAs(store, 'running');
    await store.finish(second, succeeded('done'));
    await isListedOnceAs(store, 'success');
  });

  promise('lists what waits, however it waits', NEEDS, async ({ store }) => {
    await store.submit([
      task('plain'),
      task('delayed', { runAt: { after: 60_000 } }),
      task('urgent', { priority: -50 }),
      task('patient', { priority: 50 }),
      task('cpu', { lane: 'cpu' }),
      task('elsewhere', { queue: 'other' }),
    ]);
    assert.deepEqual((await ids(store, 'pending')).sort(), [
      'cpu',
      'delayed',
      'elsewhere',
      'patient',
      'plain',
      'urgent',
    ]);
  });

  promise('lists what is to be tried again, at once or later', NEEDS, async ({ store }) => {
    await submit(store, ['a', 'b']);
    await submit(store, ['c'], { priority: 9 });
    for (const [i, claimed] of (await claim(store)).entries()) {
      await store.retry(claimed, { runAt: { after: i * 60_000 }, error: SAMPLE_ERROR });
    }
    assert.deepEqual((await ids(store, 'retrying')).sort(), ['a', 'b', 'c']);
    assert.deepEqual(await ids(store, 'pending'), []);
  });

  promise(
    'lists the newest submission first in every status, page by page',
    { needs: ['listByStatus', 'advance'] },
    async ({ store, advance }) => {
      const newestFirst = ['f', 'e', 'd', 'c', 'b', 'a'];
      for (const [i, id] of [...newestFirst].reverse().entries()) {
        await submit(store, [id], { priority: i % 3, runAt: i === 4 ? { after: 3_000 } : null });
        await advance(10);
      }
      await isPaged(store, 'pending', newestFirst);
      await advance(3_000);
      const claims = [];
      for (let i = 0; i < newestFirst.length; i++) claims.push(await claimOne(store));
      await isPaged(store, 'running', newestFirst);
      for (const claimed of claims) await store.retry(claimed, { runAt: { after: 5_000 }, error: SAMPLE_ERROR });
      await isPaged(store, 'retrying', newestFirst);
      await advance(5_000);
      for (let i = 0; i < newestFirst.length; i++) await store.finish(await claimOne(store), ended('failed'));
      await isPaged(store, 'failed', newestFirst);
      for (const status of ['pending', 'running', 'retrying', 'success'] as const)
        assert.deepEqual(await ids(store, status), []);
    },
  );

  promise('lists tasks of the same moment by id, downwards', NEEDS, async ({ store }) => {
    await submit(store, ['b', 'd', 'a', 'c']);
    assert.deepEqual(await ids(store, 'pending'), ['d', 'c', 'b', 'a']);
    for (let i = 0; i < 4; i++) await store.finish(await claimOne(store), succeeded(i));
    assert.deepEqual(await ids(store, 'success'), ['d', 'c', 'b', 'a']);
  });

  promise('lists whole results, those that get shows', NEEDS, async ({ store }) => {
    await submit(store, ['done', 'failed', 'again']);
    await submit(store, ['running', 'waiting']);
    await store.finish(await claimOne(store), succeeded({ ok: true }));
    await store.finish(await claimOne(store), ended('failed'));
    await store.retry(await claimOne(store), { runAt: { after: 60_000 }, error: SAMPLE_ERROR });
    await claimOne(store);
    for (const status of ['pending', 'running', 'retrying', 'success', 'failed'] as const) {
      const [result, ...others] = await store.listByStatus(status);
      assert.ok(result, status);
      assert.deepEqual(others, []);
      assert.deepEqual(await store.get(result.taskId), result);
    }
  });
}

async function ids(store: TaskStore, status: TaskStatus, page?: Page): Promise<string[]> {
  return (await store.listByStatus(status, page)).map(({ taskId }) => taskId);
}

async function isListedOnceAs(store: TaskStore, status: TaskStatus): Promise<void> {
  for (const each of Object.values(TaskStatus)) {
    assert.deepEqual(await ids(store, each), each === status ? ['a'] : [], `listing ${each} while ${status}`);
  }
}

async function isPaged(store: TaskStore, status: TaskStatus, expected: readonly string[]): Promise<void> {
  assert.deepEqual(await ids(store, status), expected);
  assert.deepEqual(await ids(store, status, { limit: 4 }), expected.slice(0, 4));
  assert.deepEqual(await ids(store, status, { limit: 4, offset: 4 }), expected.slice(4));
}
