import assert from 'node:assert/strict';
import { SAMPLE_ERROR } from '../sample-results.js';
import type { TaskStorePromise } from './describe-task-store.js';
import { claim, claimOne, describesSample, QUEUE, submit, succeeded } from './store-steps.js';

const NOW = { after: 0 };

export function repeating(promise: TaskStorePromise): void {
  promise('shows a failed attempt as retrying until it runs again', async ({ store }) => {
    const [reply] = await submit(store, ['a']);
    const first = await claimOne(store);
    assert.equal(await store.retry(first, { runAt: NOW, error: SAMPLE_ERROR }), true);
    const retrying = await store.get('a');
    describesSample(retrying, 'a', reply);
    const { status, finishedAt, attempt, retries } = retrying;
    assert.deepEqual(
      { status, finishedAt, attempt, retries },
      { status: 'retrying', finishedAt: null, attempt: 2, retries: 1 },
    );
    assert.deepEqual(status === 'retrying' && retrying.error, SAMPLE_ERROR);
    const second = await claimOne(store);
    assert.deepEqual([second.attempt, second.message], [2, first.message]);
    assert.ok(second.lease.fence > first.lease.fence);
    const running = await store.get('a');
    describesSample(running, 'a', reply);
    assert.deepEqual([running.status, running.attempt, running.retries], ['running', 2, 1]);
    assert.equal(await store.finish(second, succeeded('at last')), true);
    const final = await store.get('a');
    describesSample(final, 'a', reply);
    assert.deepEqual([final.status, final.attempt, final.retries], ['success', 2, 1]);
  });

  promise('runs it again when its delay is over, not before', { needs: ['advance'] }, async ({ store, advance }) => {
    await submit(store, ['a']);
    await store.retry(await claimOne(store), { runAt: { after: 3_000 }, error: SAMPLE_ERROR });
    assert.deepEqual(await store.size(QUEUE), { waiting: 0, delayed: 1, running: 0, dead: 0 });
    await advance(2_999);
    assert.deepEqual(await claim(store), []);
    assert.equal((await store.get('a'))?.status, 'retrying');
    await advance(1);
    assert.equal((await claimOne(store)).attempt, 2);
  });

  promise('forgets no error between many attempts, and mixes none up', async ({ store }) => {
    await submit(store, ['a']);
    for (let attempt = 1; attempt <= 4; attempt++) {
      const claimed = await claimOne(store);
      assert.equal(claimed.attempt, attempt);
      const error = { name: 'Error', message: `attempt ${attempt} |\n failed` };
      await store.retry(claimed, { runAt: NOW, error });
      const result = await store.get('a');
      assert.deepEqual(result?.status === 'retrying' && result.error, error);
    }
  });

  promise('gives a task that was put back to the next worker, as the same attempt', async ({ store }) => {
    await submit(store, ['a']);
    for (const reason of ['stopped', 'deferred'] as const) {
      const claimed = await claimOne(store);
      assert.equal(await store.release(claimed, { runAt: null, reason }), true);
    }
    const again = await claimOne(store, { worker: 'worker-2' });
    assert.equal(again.attempt, 1);
    const result = await store.get('a');
    assert.deepEqual([result?.status, result?.worker, result?.fence], ['running', 'worker-2', again.lease.fence]);
    assert.equal(await store.finish(again, succeeded('done')), true);
  });

  promise('can be cancelled between two attempts', async ({ store }) => {
    await submit(store, ['a']);
    await store.retry(await claimOne(store), { runAt: { after: 60_000 }, error: SAMPLE_ERROR });
    assert.equal(await store.cancel(QUEUE, 'a'), true);
    const [claimed] = await claim(store);
    assert.equal(claimed?.verdict, 'cancelled');
  });
}
