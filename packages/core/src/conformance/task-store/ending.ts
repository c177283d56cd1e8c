import assert from 'node:assert/strict';
import { SAMPLE_ERROR } from '../sample-results.js';
import type { TaskStoreFixture, TaskStorePromise } from './describe-task-store.js';
import {
  claim,
  claimEventually,
  claimOne,
  describesSample,
  ended,
  LEASE,
  QUEUE,
  submit,
  succeeded,
} from './store-steps.js';

const TTL = 2_000;

export function ending(promise: TaskStorePromise): void {
  promise('stores the result of a success, and holds the task no longer', async ({ store }) => {
    const values = [{ deep: [{ ü: '🚀|\n"' }] }, null, '', 0, false, []];
    for (const [i, value] of values.entries()) {
      const [reply] = await submit(store, [`t${i}`]);
      const claimed = await claimOne(store);
      assert.equal(await store.finish(claimed, succeeded(value, 'done')), true);
      const result = await store.get(`t${i}`);
      describesSample(result, `t${i}`, reply);
      assert.deepEqual([result.status, result.status === 'success' && result.result], ['success', value]);
      assert.deepEqual(
        [result.attempt, result.retries, result.fence, result.worker, result.progress, result.startedAt?.getTime()],
        [1, 0, claimed.lease.fence, 'worker-1', 'done', claimed.startedAt],
      );
      assert.ok(result.finishedAt && result.finishedAt.getTime() >= claimed.startedAt);
    }
    assert.deepEqual(await store.size(QUEUE), { waiting: 0, delayed: 0, running: 0, dead: 0 });
    assert.deepEqual(await store.holds(['t0']), [false]);
  });

  promise('stores the error of a failure or a cancellation', async ({ store }) => {
    for (const status of ['failed', 'cancelled'] as const) {
      const [reply] = await submit(store, [status]);
      assert.equal(await store.finish(await claimOne(store), ended(status)), true);
      const result = await store.get(status);
      describesSample(result, status, reply);
      assert.deepEqual([result.status, result.status !== 'success' && result.error], [status, SAMPLE_ERROR]);
    }
    assert.deepEqual(await store.holds(['failed', 'cancelled']), [false, false]);
  });

  promise(
    'keeps a task that is given up as a dead letter, beside its result',
    { needs: ['deadLetters'] },
    async ({ store, broker }) => {
      await submit(store, ['a']);
      const claimed = await claimOne(store);
      await store.finish(claimed, ended('failed', 'too bad'));
      const [letter] = await broker.deadLetters(QUEUE);
      assert.deepEqual([letter?.id, letter?.reason], ['a', 'too bad']);
      assert.equal(Buffer.from(letter?.payload ?? []).toString('utf8'), claimed.payload);
      assert.equal((await store.get('a'))?.status, 'failed');
      assert.equal((await submit(store, ['a']))[0]?.known, true);
      assert.equal((await broker.takeDeadLetter(QUEUE, 'a'))?.id, 'a');
      assert.equal((await store.get('a'))?.status, 'failed');
      // Known no longer, though its result is there.
      assert.equal((await submit(store, ['a']))[0]?.known, false);
    },
  );

  promise('lets the holder end what was cancelled before it ran', async (fixture) => {
    const { store } = fixture;
    await submit(store, ['waiting']);
    await submit(store, ['delayed'], { runAt: { after: 60_000 } });
    for (const id of ['waiting', 'delayed']) {
      assert.equal(await store.cancel(QUEUE, id), true);
      await endsWith(fixture, id, 'cancelled', 'cancelled');
    }
  });

  promise('lets the holder end what has expired', { needs: ['advance'] }, async (fixture) => {
    await submit(fixture.store, ['a'], { expiresAt: { after: 1_000 } });
    await fixture.advance(1_001);
    await endsWith(fixture, 'a', 'expired', 'failed');
  });

  promise(
    'lets the holder end what crashed too often (BK-14)',
    { needs: ['advance'], settings: { policy: { maxCrashes: 2 } } },
    async (fixture) => {
      await submit(fixture.store, ['a']);
      for (let i = 0; i < 2; i++) {
        await claimEventually(fixture, { leaseMs: 2_000, alone: true });
        await fixture.advance(2_000);
      }
      await endsWith(fixture, 'a', 'exhausted', 'failed');
    },
  );

  promise(
    'keeps a result for its time to live after the end, and lists no ghost (RB-06)',
    { needs: ['advance', 'ttl', 'listByStatus'], settings: { ttl: TTL } },
    async ({ store, advance }) => {
      await submit(store, ['a', 'never-ran']);
      await advance(5 * TTL);
      assert.equal((await store.get('a'))?.status, 'pending');
      await store.finish(await claimOne(store), succeeded('done'));
      await advance(TTL - 1);
      assert.equal((await store.get('a'))?.status, 'success');
      await advance(1);
      assert.equal(await store.get('a'), null);
      assert.deepEqual(await store.listByStatus('success'), []);
      assert.equal((await store.get('never-ran'))?.status, 'pending');
    },
  );

  promise(
    'keeps a task that uses an old id, however soon the result before it would have expired (RB-06)',
    { needs: ['advance', 'ttl'], settings: { ttl: TTL, policy: { dedupeWindow: TTL / 2 } } },
    async ({ store, advance }) => {
      await submit(store, ['a'], { remembered: true });
      await store.finish(await claimOne(store), succeeded('old'));
      await advance(TTL - 1);
      const [reply] = await submit(store, ['a'], { remembered: true });
      assert.equal(reply?.known, false);
      await advance(TTL);
      assert.equal((await store.get('a'))?.status, 'pending');
      const claimed = await claimOne(store);
      await advance(TTL);
      assert.equal((await store.get('a'))?.status, 'running');
      await store.finish(claimed, succeeded('new'));
      await advance(TTL - 1);
      const result = await store.get('a');
      assert.equal(result?.status === 'success' && result.result, 'new');
      await advance(1);
      assert.equal(await store.get('a'), null);
    },
  );

  promise('ends each task once, however its end comes', { needs: ['advance'] }, async (fixture) => {
    const { store, advance } = fixture;
    await submit(store, ['a']);
    const first = await claimOne(store, { leaseMs: 2_000 });
    await advance(2_000);
    const second = await claimEventually(fixture, { leaseMs: LEASE });
    const accepted = await Promise.all([
      store.finish(first, succeeded('first')),
      store.finish(second, succeeded('second')),
      store.finish(first, ended('failed')),
    ]);
    assert.deepEqual(accepted, [false, true, false]);
    const result = await store.get('a');
    assert.equal(result?.status === 'success' && result.result, 'second');
    assert.deepEqual(await claim(store), []);
  });
}

/** A message with a verdict is handed out with its call, shows no run, and ends by its holder. */
async function endsWith(
  { store, passTime }: TaskStoreFixture,
  id: string,
  verdict: string,
  status: 'failed' | 'cancelled',
): Promise<void> {
  let [claimed] = await claim(store);
  for (let i = 0; i < 10 && !claimed; i++) {
    await passTime(1_000);
    [claimed] = await claim(store);
  }
  assert.ok(claimed);
  assert.deepEqual([claimed.lease.id, claimed.verdict, claimed.message?.taskName], [id, verdict, 'reports.build']);
  assert.equal(await store.finish(claimed, ended(status)), true);
  const result = await store.get(id);
  assert.deepEqual([result?.status, result && 'error' in result && result.error], [status, SAMPLE_ERROR]);
  assert.deepEqual(await store.holds([id]), [false]);
}
