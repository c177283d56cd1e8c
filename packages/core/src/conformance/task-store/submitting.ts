import assert from 'node:assert/strict';
import type { PushReply } from '../../brokers/base-broker.js';
import type { TaskStore } from '../../stores/task-store.js';
import { rejection } from '../expectations.js';
import { SAMPLE_ERROR } from '../sample-results.js';
import type { TaskStorePromise } from './describe-task-store.js';
import { claim, claimOne, describesSample, QUEUE, submit, succeeded, task } from './store-steps.js';

const WINDOW = 60_000;

export function submitting(promise: TaskStorePromise): void {
  promise('has a pending result as soon as submit resolves', async ({ store }) => {
    const [reply] = await submit(store, ['a']);
    assert.equal(reply?.known, false);
    const result = await store.get('a');
    describesSample(result, 'a', reply);
    const { status, attempt, fence, retries, startedAt, finishedAt, worker, progress } = result;
    assert.deepEqual(
      { status, attempt, fence, retries, startedAt, finishedAt, worker, progress },
      {
        status: 'pending',
        attempt: 1,
        fence: 0,
        retries: 0,
        startedAt: null,
        finishedAt: null,
        worker: null,
        progress: null,
      },
    );
  });

  promise('has a pending result of what is delayed or prioritised', async ({ store }) => {
    const replies = [
      ...(await submit(store, ['delayed'], { runAt: { after: 60_000 } })),
      ...(await submit(store, ['urgent'], { priority: -100 })),
      ...(await submit(store, ['cpu'], { lane: 'cpu' })),
    ];
    for (const [i, id] of ['delayed', 'urgent', 'cpu'].entries()) {
      const result = await store.get(id);
      describesSample(result, id, replies[i]);
      assert.equal(result.status, 'pending');
    }
  });

  promise('submits many at once, each decided by itself', async ({ store }) => {
    await submit(store, ['b']);
    const replies = await submit(store, ['a', 'b', 'c', 'a']);
    assert.deepEqual(
      replies.map(({ known }) => known),
      [false, true, false, true],
    );
    assert.deepEqual(
      (await claim(store)).map(({ lease }) => lease.id),
      ['b', 'a', 'c'],
    );
  });

  promise('leaves the result of a known task as it is, in every state', async ({ store }) => {
    await submit(store, ['a'], { remembered: true });
    const claimed = await claimOne(store);
    const before = await store.get('a');
    assert.equal((await submit(store, ['a'], { remembered: true }))[0]?.known, true);
    assert.deepEqual(await store.get('a'), before);
    await store.finish(claimed, succeeded('done'));
    const final = await store.get('a');
    assert.equal((await submit(store, ['a'], { remembered: true }))[0]?.known, true);
    assert.deepEqual(await store.get('a'), final);
    assert.deepEqual(await claim(store), []);
  });

  promise(
    'says that a known task that has ended was recorded, so that nobody waits for a result that is gone',
    { needs: ['delete'] },
    async ({ store, backend }) => {
      await submit(store, ['a'], { remembered: true });
      await store.finish(await claimOne(store), succeeded('done'));
      await backend.delete('a');
      const [reply] = await submit(store, ['a'], { remembered: true });
      assert.equal(reply?.known, true);
      assert.equal(reply.recorded, true);
      await rejection(store.waitFor('a', { timeout: null, seen: true }), 'RESULT_NOT_FOUND');
    },
  );

  promise(
    'leaves no result of what a full queue refused (BK-22)',
    { settings: { policy: { maxQueueSize: 2 } } },
    async ({ store }) => {
      await submit(store, ['a']);
      await rejection(submit(store, ['b', 'c']), 'QUEUE_FULL');
      assert.deepEqual([await store.get('b'), await store.get('c')], [null, null]);
      assert.equal((await submit(store, ['b']))[0]?.known, false);
    },
  );

  promise(
    'gives a task that uses an old id a result of its own (BK-23)',
    { needs: ['advance'], settings: { policy: { dedupeWindow: WINDOW } } },
    async ({ store, advance }) => {
      await submit(store, ['a'], { remembered: true });
      await store.finish(await claimOne(store), succeeded('old'));
      await advance(WINDOW);
      const [reply] = await submit(store, ['a'], { remembered: true });
      assert.equal(reply?.known, false);
      const pending = await store.get('a');
      describesSample(pending, 'a', reply);
      assert.equal(pending.status, 'pending');
      await runsAsNew(store, reply);
    },
  );

  promise(
    'gives it one also when its submitter came to no record of it',
    { needs: ['advance'], settings: { policy: { dedupeWindow: WINDOW } } },
    async ({ store, broker, advance }) => {
      await submit(store, ['a'], { remembered: true });
      await store.finish(await claimOne(store), succeeded('old'));
      await advance(WINDOW);
      const [reply] = await broker.push([task('a')]);
      await runsAsNew(store, reply);
    },
  );

  promise(
    'runs a task under the id of one that was purged between two attempts',
    { needs: ['purge', 'advance'] },
    async ({ store, broker, advance }) => {
      await submit(store, ['a']);
      await store.retry(await claimOne(store), { runAt: { after: 60_000 }, error: SAMPLE_ERROR });
      assert.deepEqual(await broker.purge(QUEUE), ['a']);
      await advance(1);
      const [reply] = await submit(store, ['a']);
      const pending = await store.get('a');
      describesSample(pending, 'a', reply);
      assert.equal(pending.status, 'pending');
      assert.equal(await store.finish(await claimOne(store), succeeded('new')), true);
      const final = await store.get('a');
      assert.equal(final?.status === 'success' && final.result, 'new');
    },
  );

  promise('lets another process see what was submitted', { needs: ['second'] }, async ({ store, second }) => {
    const other = await second();
    const [reply] = await store.submit([task('a')]);
    const result = await other.get('a');
    describesSample(result, 'a', reply);
    assert.deepEqual(
      (await claim(other)).map(({ lease }) => lease.id),
      ['a'],
    );
  });
}

/** The task under the id of an earlier one runs, and its record is its own at each step. */
async function runsAsNew(store: TaskStore, reply: PushReply | undefined): Promise<void> {
  const claimed = await claimOne(store);
  assert.equal((await store.get('a'))?.status, 'running');
  assert.equal(await store.finish(claimed, succeeded('new')), true);
  const final = await store.get('a');
  describesSample(final, 'a', reply);
  assert.equal(final.status === 'success' && final.result, 'new');
}
