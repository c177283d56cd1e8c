import assert from 'node:assert/strict';
import { breathe, rejection, watch } from '../expectations.js';
import { finished, unfinished } from '../sample-results.js';
import type { ResultBackendFixture, ResultBackendPromise } from './describe-result-backend.js';

export function removing(promise: ResultBackendPromise): void {
  promise('says what it supports, and refuses the rest with a typed error', async ({ backend }) => {
    const calls = {
      delete: () => backend.delete('task'),
      clear: () => backend.clear(),
      listByStatus: () => backend.listByStatus('success'),
    };
    for (const method of ['delete', 'clear', 'listByStatus'] as const) {
      if (backend.supports[method]) await calls[method]();
      else await rejection(calls[method](), 'NOT_IMPLEMENTED');
    }
  });

  promise('deletes one result and says whether there was one', { needs: ['delete'] }, async ({ backend }) => {
    for (const id of ['one', 'two']) await backend.store(id, finished(id));
    assert.equal(await backend.delete('one'), true);
    assert.equal(await backend.delete('one'), false);
    assert.equal(await backend.delete('never-there'), false);
    assert.equal(await backend.get('one'), null);
    assert.deepEqual(await backend.get('two'), finished('two'));
  });

  promise('takes any result of an id that was deleted', { needs: ['delete'] }, async ({ backend }) => {
    await backend.store('task', finished('task', 'failed', { fence: 7 }));
    await backend.delete('task');
    assert.equal(await backend.store('task', unfinished('task', 'pending')), true);
    assert.deepEqual(await backend.get('task'), unfinished('task', 'pending'));
  });

  promise('clears everything and says how much it was', { needs: ['clear'] }, async ({ backend }) => {
    for (let i = 0; i < 250; i++)
      await backend.store(`task-${i}`, i % 2 ? finished(`task-${i}`) : unfinished(`task-${i}`, 'running'));
    assert.equal(await backend.clear(), 250);
    for (let i = 0; i < 250; i += 50) assert.equal(await backend.get(`task-${i}`), null);
    assert.equal(await backend.clear(), 0);
  });

  promise(
    'clears its own namespace only (RB-10)',
    { needs: ['clear', 'neighbour'] },
    async ({ backend, neighbour }) => {
      const other = await neighbour();
      await backend.store('task', finished('task'));
      await other.store('task', finished('task', 'failed'));
      assert.equal(await backend.clear(), 1);
      assert.deepEqual(await other.get('task'), finished('task', 'failed'));
    },
  );

  promise('ends a wait for a result that is deleted (RB-07)', { needs: ['delete'] }, async (fixture) => {
    await endsTheWait(fixture, () => fixture.backend.delete('task'));
  });

  promise('ends a wait for a result that is cleared (RB-07)', { needs: ['clear'] }, async (fixture) => {
    await endsTheWait(fixture, () => fixture.backend.clear());
  });

  promise(
    'ends a wait for a result that another process deletes (RB-07)',
    { needs: ['delete', 'second'] },
    async (fixture) => {
      const other = await fixture.second();
      await endsTheWait(fixture, () => other.delete('task'));
    },
  );

  promise(
    'ends a wait for what is removed, also when another wait began before it was there',
    { needs: ['delete'] },
    async ({ backend, passTime }) => {
      // Whether this one sees it come and go is left open.
      watch(backend.waitFor('task', { timeout: null }));
      await breathe(() => backend.get('task'));
      await backend.store('task', unfinished('task', 'running'));
      const waiting = backend.waitFor('task', { timeout: null });
      const state = watch(waiting);
      await breathe(() => backend.get('task'));
      await backend.delete('task');
      await breathe(async () => state.settled || (await passTime(1_000)));
      await rejection(waiting, 'RESULT_NOT_FOUND');
    },
  );
}

async function endsTheWait(fixture: ResultBackendFixture, remove: () => Promise<unknown>): Promise<void> {
  const { backend, passTime } = fixture;
  await backend.store('task', unfinished('task', 'running'));
  const waiting = backend.waitFor('task', { timeout: null });
  const unseen = backend.waitFor('unseen', { timeout: null });
  const [waitingState, unseenState] = [watch(waiting), watch(unseen)];
  await breathe(() => backend.get('task'));
  await remove();
  await breathe(async () => waitingState.settled || (await passTime(1_000)));
  assert.equal((await rejection(waiting, 'RESULT_NOT_FOUND')).taskId, 'task');
  assert.equal(unseenState.settled, false, 'A wait for an id that nobody has seen goes on.');
  await backend.store('unseen', finished('unseen'));
  await breathe(async () => unseenState.settled || (await passTime(1_000)));
  assert.deepEqual(await unseen, finished('unseen'));
}
