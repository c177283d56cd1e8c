import assert from 'node:assert/strict';
import { finished, SAMPLE_ERROR } from '../sample-results.js';
import type { TaskStoreFixture, TaskStorePromise } from './describe-task-store.js';
import { claimEventually, claimOne, ended, LEASE, submit, succeeded } from './store-steps.js';

const NEEDS = { needs: ['advance'] } as const;

export function staleness(promise: TaskStorePromise): void {
  promise('refuses everything of a worker whose task runs elsewhere (RB-05, BK-02)', NEEDS, async (fixture) => {
    const { store, advance } = fixture;
    await submit(store, ['a']);
    const stale = await claimOne(store, { leaseMs: 2_000, worker: 'worker-1' });
    await advance(2_000);
    const fresh = await claimEventually(fixture, { leaseMs: LEASE, worker: 'worker-2' });
    await refusesAll(fixture, stale);
    const result = await store.get('a');
    assert.deepEqual([result?.status, result?.worker, result?.progress], ['running', 'worker-2', null]);
    assert.equal(await store.finish(fresh, succeeded('fresh')), true);
    await refusesAll(fixture, stale);
    const final = await store.get('a');
    assert.equal(final?.status === 'success' && final.result, 'fresh');
  });

  promise('refuses the result of a worker whose lease ended, even if the task runs nowhere', NEEDS, async (fixture) => {
    const { store, advance } = fixture;
    await submit(store, ['a']);
    const stale = await claimOne(store, { leaseMs: 2_000 });
    await advance(2_000);
    assert.equal(await store.finish(stale, succeeded('too late')), false);
    assert.notEqual((await store.get('a'))?.status, 'success');
    const fresh = await claimEventually(fixture);
    assert.equal(await store.finish(fresh, succeeded('in time')), true);
    const final = await store.get('a');
    assert.equal(final?.status === 'success' && final.result, 'in time');
  });

  promise('shows nothing of what a worker says after its lease has ended', NEEDS, async (fixture) => {
    const { store, advance } = fixture;
    await submit(store, ['a']);
    const stale = await claimOne(store, { leaseMs: 2_000 });
    await advance(2_000);
    await refusesAll(fixture, stale);
    const result = await store.get('a');
    assert.deepEqual([result?.progress, result && 'error' in result && result.error], [null, null]);
    assert.equal(await store.finish(await claimEventually(fixture), succeeded('in time')), true);
  });

  promise('shows the run that goes on, when a task comes back after a crash', NEEDS, async (fixture) => {
    const { store, advance } = fixture;
    await submit(store, ['a']);
    await claimOne(store, { leaseMs: 2_000 });
    await advance(2_000);
    const again = await claimEventually(fixture, { worker: 'worker-2' });
    assert.deepEqual([again.crashes, again.attempt], [1, 1]);
    const result = await store.get('a');
    assert.deepEqual([result?.status, result?.worker, result?.fence], ['running', 'worker-2', again.lease.fence]);
  });

  promise('refuses a second end of the same run', async ({ store }) => {
    await submit(store, ['a']);
    const claimed = await claimOne(store);
    assert.equal(await store.finish(claimed, succeeded('first')), true);
    assert.equal(await store.retry(claimed, { runAt: { after: 0 }, error: SAMPLE_ERROR }), false);
    assert.equal(await store.finish(claimed, ended('failed')), false);
    const result = await store.get('a');
    assert.equal(result?.status === 'success' && result.result, 'first');
  });

  promise('refuses a result when another one came first', async ({ store, backend }) => {
    await submit(store, ['a']);
    const claimed = await claimOne(store);
    const other = finished('a', 'cancelled', { fence: claimed.lease.fence + 1, submittedAt: claimed.submittedAt });
    assert.equal(await backend.store('a', other), true);
    assert.equal(await store.finish(claimed, succeeded('second')), false);
    assert.equal((await store.get('a'))?.status, 'cancelled');
  });
}

async function refusesAll({ store }: TaskStoreFixture, stale: Awaited<ReturnType<typeof claimOne>>): Promise<void> {
  assert.deepEqual(await store.extend([stale.lease], LEASE), ['lost']);
  assert.equal(await store.reportProgress(stale, '"stale"'), false);
  assert.equal(await store.retry(stale, { runAt: { after: 0 }, error: SAMPLE_ERROR }), false);
  assert.equal(await store.release(stale, { runAt: null, reason: 'stopped' }), false);
  assert.equal(await store.finish(stale, succeeded('stale')), false);
}
