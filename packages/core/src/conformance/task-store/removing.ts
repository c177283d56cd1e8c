import assert from 'node:assert/strict';
import { breathe, rejection, watch } from '../expectations.js';
import { SAMPLE_ERROR } from '../sample-results.js';
import type { TaskStoreFixture, TaskStorePromise } from './describe-task-store.js';
import { claim, claimOne, QUEUE, submit, succeeded } from './store-steps.js';

export function removing(promise: TaskStorePromise): void {
  promise(
    'deletes the result of a task that waits, and the task still runs',
    { needs: ['delete'] },
    async (fixture) => {
      const { store, backend } = fixture;
      await submit(store, ['plain']);
      await submit(store, ['prioritised'], { priority: 3 });
      for (const id of ['plain', 'prioritised']) {
        assert.equal(await backend.delete(id), true);
        assert.equal(await backend.delete(id), false);
        assert.equal(await store.get(id), null);
      }
      if (backend.supports.listByStatus) assert.deepEqual(await store.listByStatus('pending'), []);
      assert.deepEqual(await store.holds(['plain', 'prioritised']), [true, true]);
      await runsToTheEnd(fixture, ['plain', 'prioritised']);
    },
  );

  promise(
    'deletes the result of a task that runs, and its end is stored',
    { needs: ['delete'] },
    async ({ store, backend }) => {
      await submit(store, ['a']);
      const claimed = await claimOne(store);
      assert.equal(await backend.delete('a'), true);
      assert.equal(await store.get('a'), null);
      assert.equal(await store.finish(claimed, succeeded('done')), true);
      const result = await store.get('a');
      assert.equal(result?.status === 'success' && result.result, 'done');
    },
  );

  promise(
    'deletes the result of a task that is to be tried again, and it is',
    { needs: ['delete'] },
    async (fixture) => {
      const { store, backend } = fixture;
      await submit(store, ['a']);
      await store.retry(await claimOne(store), { runAt: { after: 0 }, error: SAMPLE_ERROR });
      assert.equal(await backend.delete('a'), true);
      assert.equal(await store.get('a'), null);
      await runsToTheEnd(fixture, ['a']);
    },
  );

  promise('clears results and no messages, whatever the tasks do', { needs: ['clear'] }, async (fixture) => {
    const { store, backend } = fixture;
    await submit(store, ['running', 'ended']);
    const running = await claimOne(store);
    await store.finish(await claimOne(store), succeeded('ended'));
    await submit(store, ['waiting']);
    await submit(store, ['delayed'], { runAt: { after: 60_000 } });
    assert.equal(await backend.clear(), 4);
    for (const id of ['running', 'ended', 'waiting', 'delayed']) assert.equal(await store.get(id), null);
    assert.equal(await backend.clear(), 0);
    assert.deepEqual(await store.size(QUEUE), { waiting: 1, delayed: 1, running: 1, dead: 0 });
    assert.equal(await store.finish(running, succeeded('done')), true);
    assert.equal((await store.get('running'))?.status, 'success');
    await runsToTheEnd(fixture, ['waiting']);
    await store.cancel(QUEUE, 'delayed');
    await runsToTheEnd(fixture, ['delayed']);
  });

  promise(
    'ends the waits for a result that is deleted, and only those (RB-07)',
    { needs: ['delete'] },
    async (fixture) => {
      const { store, backend, passTime } = fixture;
      await submit(store, ['a', 'b']);
      const gone = store.waitFor('a', { timeout: null });
      const other = store.waitFor('b', { timeout: null });
      const [goneState, otherState] = [watch(gone), watch(other)];
      await breathe(() => store.get('a'));
      await backend.delete('a');
      await breathe(async () => goneState.settled || (await passTime(1_000)));
      await rejection(gone, 'RESULT_NOT_FOUND');
      assert.equal(otherState.settled, false);
      await runsToTheEnd(fixture, ['a', 'b']);
      await breathe(async () => otherState.settled || (await passTime(1_000)));
      assert.equal((await other).status, 'success');
    },
  );

  promise('deletes a final result for good', { needs: ['delete'] }, async ({ store, backend }) => {
    await submit(store, ['a']);
    await store.finish(await claimOne(store), succeeded('done'));
    assert.equal(await backend.delete('a'), true);
    assert.equal(await store.get('a'), null);
    assert.deepEqual(await claim(store), []);
  });
}

/** The messages are still there: they are claimed, shown running, and their results are stored. */
async function runsToTheEnd({ store }: TaskStoreFixture, ids: readonly string[]): Promise<void> {
  const claims = await claim(store);
  assert.deepEqual(
    claims.map(({ lease }) => lease.id),
    ids,
  );
  for (const claimed of claims) {
    const { id } = claimed.lease;
    if (claimed.verdict === 'run') assert.equal((await store.get(id))?.status, 'running');
    assert.equal(await store.finish(claimed, succeeded(id)), true);
    const result = await store.get(id);
    assert.equal(result?.status === 'success' && result.result, id);
  }
}
