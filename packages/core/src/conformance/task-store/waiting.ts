import assert from 'node:assert/strict';
import type { TaskStore } from '../../stores/task-store.js';
import { breathe, eventually, rejection, soon, watch } from '../expectations.js';
import { SAMPLE_ERROR } from '../sample-results.js';
import type { TaskStoreFixture, TaskStorePromise } from './describe-task-store.js';
import { claim, claimOne, ended, QUEUE, submit, succeeded } from './store-steps.js';

const FOR_EVER = { timeout: null };

export function waiting(promise: TaskStorePromise): void {
  promise('resolves when the task ends, whether the wait began before or after it was submitted', async (fixture) => {
    const { store } = fixture;
    const before = store.waitFor('a', FOR_EVER);
    await submit(store, ['a']);
    const after = store.waitFor('a', FOR_EVER);
    const state = watch(after);
    const claimed = await claimOne(store);
    await store.reportProgress(claimed, '0.5');
    await store.retry(claimed, { runAt: { after: 0 }, error: SAMPLE_ERROR });
    await breathe(() => store.get('a'));
    assert.equal(state.settled, false);
    await store.finish(await claimOne(store), succeeded({ ü: '🚀' }));
    const stored = await store.get('a');
    assert.deepEqual(await outcome(fixture, before), stored);
    assert.deepEqual(await outcome(fixture, after), stored);
    assert.deepEqual(await store.waitFor('a'), stored);
  });

  promise('resolves for every end of a task', async (fixture) => {
    const { store } = fixture;
    for (const status of ['failed', 'cancelled'] as const) {
      await submit(store, [status]);
      const waiting = store.waitFor(status, FOR_EVER);
      if (status === 'cancelled') await store.cancel(QUEUE, status);
      await store.finish(await claimOne(store), ended(status));
      const result = await outcome(fixture, waiting);
      assert.deepEqual([result.status, 'error' in result && result.error], [status, SAMPLE_ERROR]);
    }
  });

  promise('misses no end of many tasks that are submitted, awaited and run at once', async (fixture) => {
    await awaitsMany(fixture, fixture.store, fixture.store);
  });

  promise('misses no end of many tasks that another process runs', { needs: ['second'] }, async (fixture) => {
    await awaitsMany(fixture, fixture.store, await fixture.second());
  });

  promise('hears of an end in a process that did not submit the task', { needs: ['second'] }, async (fixture) => {
    const { store } = fixture;
    const other = await fixture.second();
    await submit(store, ['a']);
    const waiting = other.waitFor('a', FOR_EVER);
    await breathe(() => other.get('a'));
    await store.finish(await claimOne(store), succeeded('done'));
    assert.deepEqual(await outcome(fixture, waiting), await store.get('a'));
  });

  promise('gives up a wait, and the task goes on', async ({ store, passTime }) => {
    await submit(store, ['a']);
    const failure = rejection(store.waitFor('a', { timeout: 50 }), 'WAIT_TIMEOUT');
    await passTime(60);
    await failure;
    assert.equal(await store.finish(await claimOne(store), succeeded('done')), true);
  });

  promise('wakes a worker that waits for tasks', async (fixture) => {
    const { store } = fixture;
    assert.deepEqual(await claim(store), []);
    const waiting = store.waitForWork([QUEUE], { signal: new AbortController().signal });
    await breathe(() => store.size(QUEUE));
    await submit(store, ['a']);
    await outcome(fixture, waiting);
    assert.equal((await claimOne(store)).lease.id, 'a');
  });
}

async function awaitsMany(fixture: TaskStoreFixture, submitter: TaskStore, worker: TaskStore): Promise<void> {
  const ids = Array.from({ length: 120 }, (_, i) => `t${i}`);
  const waits = ids.map(async (id) => {
    await submit(submitter, [id]);
    return submitter.waitFor(id, FOR_EVER);
  });
  const results = Promise.all(waits);
  const state = watch(results);
  const workOff = async (): Promise<boolean> => {
    for (let claims = await claim(worker, { count: 10 }); claims.length > 0; ) {
      await Promise.all(claims.map((one) => worker.finish(one, succeeded(one.lease.id))));
      claims = await claim(worker, { count: 10 });
    }
    return state.settled;
  };
  // The worker may find nothing because it is there before the first task.
  await eventually('the end of all waits', workOff, fixture.passTime);
  assert.deepEqual(
    (await results).map((result) => result.status === 'success' && result.result),
    ids,
  );
}

/** What a wait comes to; a store that polls gets its time to do so. */
async function outcome<T>({ store, passTime }: TaskStoreFixture, waiting: Promise<T>): Promise<T> {
  const state = watch(waiting);
  await breathe(async () => state.settled || (await passTime(1_000)) || store.get('any'));
  return soon(waiting, 'the end of the wait');
}
