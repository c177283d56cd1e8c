import assert from 'node:assert/strict';
import { ack, claim, claimEventually, claimIds, claimOne, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

export function releasing(promise: BrokerPromise): void {
  promise('counts an attempt that failed', async ({ broker }) => {
    await push(broker, ['a']);
    for (const attempt of [1, 2, 3]) {
      const claimed = await claimOne(broker);
      assert.deepEqual([claimed.attempt, claimed.crashes, claimed.deferredSince], [attempt, 0, null]);
      assert.equal(await broker.release(claimed.lease, { runAt: null, reason: 'failed' }), true);
    }
  });

  promise('counts nothing against a task whose worker stopped, or does not know it', async ({ broker }) => {
    await push(broker, ['a']);
    for (const reason of ['stopped', 'deferred', 'unstarted'] as const) {
      const { lease } = await claimOne(broker);
      await broker.release(lease, { runAt: null, reason });
    }
    const { attempt, crashes } = await claimOne(broker);
    assert.deepEqual([attempt, crashes], [1, 0]);
  });

  promise('holds a message back until it is to run again', { needs: ['advance'] }, async ({ broker, advance }) => {
    await push(broker, ['a']);
    const first = await claimOne(broker);
    await broker.release(first.lease, { runAt: { after: 3_000 }, reason: 'failed' });
    assert.deepEqual(await broker.size(QUEUE), { waiting: 0, delayed: 1, running: 0, dead: 0 });
    assert.equal((await claim(broker)).nextDueIn, 3_000);
    await advance(2_999);
    assert.deepEqual(await claimIds(broker), []);
    await advance(1);
    const second = await claimOne(broker);
    await broker.release(second.lease, { runAt: { at: second.startedAt + 500 }, reason: 'deferred' });
    await advance(499);
    assert.deepEqual(await claimIds(broker), []);
    await advance(1);
    assert.deepEqual(await claimIds(broker), ['a']);
  });

  promise('puts a message back where it was: in its queue and lane', async ({ broker }) => {
    for (const [queue, lane] of [
      [QUEUE, 'cpu'],
      ['other', 'task:mail'],
    ] as const) {
      await push(broker, ['a'], { queue, lane });
      for (const reason of ['failed', 'stopped', 'deferred', 'unstarted'] as const) {
        await broker.release((await claimOne(broker, { queue, lane })).lease, { runAt: null, reason });
        for (const elsewhere of [QUEUE, 'other']) assert.deepEqual(await claimIds(broker, { queue: elsewhere }), []);
      }
      await ack(broker, (await claimOne(broker, { queue, lane })).lease);
    }
  });

  promise(
    'puts a delayed message back where it was, and a worker of its lane hears when it is due',
    { needs: ['advance'] },
    async ({ broker, advance }) => {
      await push(broker, ['a'], { lane: 'cpu', runAt: { after: 1_000 } });
      await advance(1_000);
      const { lease } = await claimOne(broker, { lane: 'cpu' });
      await broker.release(lease, { runAt: { after: 1_000 }, reason: 'failed' });
      const due = async (lane: 'io' | 'cpu') => (await claim(broker, { lane })).nextDueIn;
      assert.deepEqual([await due('io'), await due('cpu')], [null, 1_000]);
      await advance(1_000);
      assert.deepEqual(await claimIds(broker), []);
      assert.deepEqual(await claimIds(broker, { lane: 'cpu' }), ['a']);
    },
  );

  promise('says when a message was submitted, however often it runs', { needs: ['advance'] }, async (fixture) => {
    const { broker, advance } = fixture;
    const [reply] = await push(broker, ['a']);
    for (const reason of ['failed', 'stopped', 'deferred', 'unstarted'] as const) {
      await advance(1_000);
      await broker.release((await claimOne(broker)).lease, { runAt: { after: 500 }, reason });
      await advance(500);
    }
    await claimOne(broker, { leaseMs: 2_000 });
    await advance(2_000);
    const { claims } = await claimEventually(fixture);
    assert.deepEqual(
      claims.map(({ submittedAt }) => submittedAt),
      [reply?.submittedAt],
    );
  });

  promise(
    'puts what a stopping worker gives back in front of its priority, and not before others',
    async ({ broker }) => {
      await push(broker, ['plain-1', 'plain-2']);
      await push(broker, ['low-1', 'low-2'], { priority: 5 });
      const { claims } = await claim(broker, { count: 3 });
      const stopped = claims.filter(({ lease }) => lease.id === 'plain-1' || lease.id === 'low-1');
      assert.equal(stopped.length, 2);
      for (const { lease } of stopped) await broker.release(lease, { runAt: null, reason: 'stopped' });
      await push(broker, ['plain-3']);
      await push(broker, ['high'], { priority: -5 });
      assert.deepEqual(await claimIds(broker), ['high', 'plain-1', 'plain-3', 'low-1', 'low-2']);
    },
  );

  promise('keeps the order of what a stopping worker gives back, the last first', async ({ broker }) => {
    const ids = ['z', 'm', 'a'];
    for (const priority of [0, 5]) {
      for (const id of ids) await push(broker, [`${id}-${priority}`], { priority });
      const { claims } = await claim(broker);
      for (const { lease } of claims.toReversed()) await broker.release(lease, { runAt: null, reason: 'stopped' });
      assert.deepEqual(
        await claimIds(broker),
        ids.map((id) => `${id}-${priority}`),
      );
    }
  });

  promise('keeps the priority of a failed message', async ({ broker }) => {
    await push(broker, ['low'], { priority: 5 });
    const { lease } = await claimOne(broker);
    await push(broker, ['plain']);
    await broker.release(lease, { runAt: null, reason: 'failed' });
    await push(broker, ['high'], { priority: -5 });
    assert.deepEqual(await claimIds(broker), ['high', 'plain', 'low']);
  });

  promise('remembers since when nobody knows the task (BK-16)', { needs: ['advance'] }, async ({ broker, advance }) => {
    await push(broker, ['a']);
    const first = await claimOne(broker);
    assert.equal(first.deferredSince, null);
    await broker.release(first.lease, { runAt: { after: 1_000 }, reason: 'deferred' });
    await advance(1_000);
    const second = await claimOne(broker);
    assert.equal(second.deferredSince, first.startedAt);
    await broker.release(second.lease, { runAt: { after: 1_000 }, reason: 'deferred' });
    await advance(1_000);
    const third = await claimOne(broker);
    assert.equal(third.deferredSince, first.startedAt);
    await broker.release(third.lease, { runAt: null, reason: 'failed' });
    assert.equal((await claimOne(broker)).deferredSince, null);
  });

  promise('puts nothing back that is not held', async ({ broker }) => {
    await push(broker, ['a']);
    const { lease } = await claimOne(broker);
    assert.equal(await broker.release({ ...lease, fence: lease.fence + 1 }, { runAt: null, reason: 'failed' }), false);
    assert.equal(await broker.release({ ...lease, id: 'unknown' }, { runAt: null, reason: 'failed' }), false);
    assert.deepEqual(await claimIds(broker), []);
    assert.equal(await broker.release(lease, { runAt: null, reason: 'failed' }), true);
    assert.equal(await broker.release(lease, { runAt: null, reason: 'failed' }), false);
    assert.deepEqual(await claimIds(broker), ['a']);
  });
}
