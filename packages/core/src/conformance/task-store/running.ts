import assert from 'node:assert/strict';
import { finished, SAMPLE_CALL } from '../sample-results.js';
import type { TaskStorePromise } from './describe-task-store.js';
import { claim, claimOne, describesSample, LEASE, payloadOf, QUEUE, submit, succeeded } from './store-steps.js';

export function running(promise: TaskStorePromise): void {
  promise('hands out the call, and shows it running', async ({ store }) => {
    const [reply] = await submit(store, ['a']);
    const claimed = await claimOne(store, { worker: 'worker-7' });
    assert.deepEqual(claimed.message, SAMPLE_CALL);
    assert.deepEqual([claimed.worker, claimed.verdict, claimed.payload], ['worker-7', 'run', payloadOf(SAMPLE_CALL)]);
    const result = await store.get('a');
    describesSample(result, 'a', reply);
    const { status, attempt, fence, retries, startedAt, finishedAt, worker, progress } = result;
    assert.deepEqual(
      { status, attempt, fence, retries, startedAt, finishedAt, worker, progress },
      {
        status: 'running',
        attempt: 1,
        fence: claimed.lease.fence,
        retries: 0,
        startedAt: new Date(claimed.startedAt),
        finishedAt: null,
        worker: 'worker-7',
        progress: null,
      },
    );
  });

  promise('keeps the last progress that a handler reported, to the end', async ({ store }) => {
    await submit(store, ['a']);
    const claimed = await claimOne(store);
    for (const progress of [0.5, { done: 3, of: 4, text: 'ü|\n' }]) {
      assert.equal(await store.reportProgress(claimed, JSON.stringify(progress)), true);
      const result = await store.get('a');
      assert.deepEqual([result?.status, result?.progress], ['running', progress]);
    }
    await store.finish(claimed, succeeded(null, { done: 4, of: 4 }));
    assert.deepEqual((await store.get('a'))?.progress, { done: 4, of: 4 });
  });

  promise('does not run a task that has ended already', async ({ store, backend }) => {
    const [reply] = await submit(store, ['ended', 'other']);
    const submittedAt = reply?.submittedAt ?? null;
    const result = finished('ended', 'success', { value: 'from elsewhere', fence: 1, submittedAt });
    assert.equal(await backend.store('ended', result), true);
    assert.deepEqual(
      (await claim(store)).map(({ lease }) => lease.id),
      ['other'],
    );
    const stored = await store.get('ended');
    assert.equal(stored?.status === 'success' && stored.result, 'from elsewhere');
    assert.deepEqual(await claim(store), []);
    assert.deepEqual(await store.holds(['ended']), [false]);
  });

  promise(
    'runs a task whose id has a result of one that was submitted later, by a clock set back since',
    async (fixture) => {
      const { store, backend } = fixture;
      const submittedAt = Date.UTC(2100, 0, 1);
      assert.equal(await backend.store('a', finished('a', 'success', { submittedAt })), true);
      assert.equal((await submit(store, ['a']))[0]?.known, false);
      assert.deepEqual(
        (await claim(store)).map(({ lease }) => lease.id),
        ['a'],
      );
    },
  );

  promise(
    'hands out bytes that are no call without one, and goes on (BK-15)',
    { needs: ['deadLetters'] },
    async ({ store, broker }) => {
      const payloads = ['null', '{}', '[1,"cut', '\u0001\ufffd no json'];
      for (const [i, payload] of payloads.entries()) await submit(store, [`broken-${i}`], { payload });
      await submit(store, ['whole']);
      const claims = await claim(store);
      assert.deepEqual(
        claims.map(({ message }) => message?.taskName),
        [undefined, undefined, undefined, undefined, SAMPLE_CALL.taskName],
      );
      assert.deepEqual(
        claims.slice(0, 4).map(({ payload }) => payload),
        payloads,
      );
      for (const broken of claims.slice(0, 4)) {
        const error = { name: 'MessageUnreadableError', message: 'no message' };
        assert.equal(
          await store.finish(broken, { status: 'failed', error, progressJson: null, deadLetter: 'unreadable' }),
          true,
        );
        const result = await store.get(broken.lease.id);
        assert.deepEqual([result?.status, result?.status === 'failed' && result.error], ['failed', error]);
      }
      const letters = await broker.deadLetters(QUEUE);
      assert.deepEqual(
        letters.map(({ payload }) => Buffer.from(payload).toString('utf8')).sort(),
        [...payloads].sort(),
      );
      assert.deepEqual(await claim(store), []);
    },
  );

  promise('extends what is held, and says what is to be cancelled', async ({ store }) => {
    await submit(store, ['a', 'b']);
    const leases = (await claim(store)).map(({ lease }) => lease);
    assert.equal(await store.cancel(QUEUE, 'b'), true);
    assert.deepEqual(await store.extend(leases, LEASE), ['held', 'cancel']);
    assert.deepEqual(await store.size(QUEUE), { waiting: 0, delayed: 0, running: 2, dead: 0 });
    assert.deepEqual(await store.holds(['a', 'c']), [true, false]);
  });

  promise('finishes what was cancelled while it ran: a result that comes first stands', async ({ store }) => {
    await submit(store, ['a']);
    const claimed = await claimOne(store);
    await store.cancel(QUEUE, 'a');
    assert.equal(await store.finish(claimed, succeeded('in time')), true);
    const result = await store.get('a');
    assert.equal(result?.status === 'success' && result.result, 'in time');
  });
}
