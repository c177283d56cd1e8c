import assert from 'node:assert/strict';
import { rejection } from '../expectations.js';
import { claim, claimIds, claimOne, message, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

const settings = { policy: { maxQueueSize: 3 } };

export function limiting(promise: BrokerPromise): void {
  promise('refuses what would exceed the limit, and takes none of it', { settings }, async ({ broker }) => {
    await push(broker, ['a', 'b']);
    const error = await rejection(push(broker, ['c', 'd']), 'QUEUE_FULL');
    assert.deepEqual([error.queue, error.limit], [QUEUE, 3]);
    assert.deepEqual(await broker.holds(['c', 'd']), [false, false]);
    await push(broker, ['e']);
    assert.deepEqual(await claimIds(broker), ['a', 'b', 'e']);
  });

  promise(
    'counts the waiting and delayed messages of all lanes, not the running ones',
    { settings },
    async ({ broker }) => {
      await push(broker, ['running']);
      await claimOne(broker);
      await push(broker, ['io', 'running']);
      await push(broker, ['cpu'], { lane: 'cpu', priority: 7 });
      await push(broker, ['delayed'], { runAt: { after: 60_000 } });
      await rejection(push(broker, ['one-more'], { lane: 'cpu' }), 'QUEUE_FULL');
      await push(broker, ['elsewhere'], { queue: 'other' });
    },
  );

  promise('takes none when one queue of several is full', { settings }, async ({ broker }) => {
    await push(broker, ['a', 'b', 'c'], { queue: 'full' });
    await rejection(broker.push([message('d', { queue: 'free' }), message('e', { queue: 'full' })]), 'QUEUE_FULL');
    assert.deepEqual(await broker.holds(['d', 'e']), [false, false]);
  });

  promise('knows an id in a full queue: a repeated push succeeds', { settings }, async ({ broker }) => {
    await push(broker, ['a', 'b', 'c']);
    const replies = await push(broker, ['c', 'a', 'a']);
    assert.deepEqual(
      replies.map(({ known }) => known),
      [true, true, true],
    );
  });

  promise('takes a message back into a full queue', { settings }, async ({ broker }) => {
    await push(broker, ['a', 'b', 'c']);
    const { lease } = await claimOne(broker);
    await push(broker, ['d']);
    assert.equal(await broker.release(lease, { runAt: null, reason: 'failed' }), true);
    assert.deepEqual((await claimIds(broker)).sort(), ['a', 'b', 'c', 'd']);
  });

  promise(
    'never holds more than its limit, however many push at once (BK-22)',
    { settings: { policy: { maxQueueSize: 100 } } },
    async ({ broker }) => {
      const pushes = Array.from({ length: 500 }, (_, i) =>
        push(broker, [`m${i}`]).then(
          () => i,
          (err: { code?: string }) => err.code,
        ),
      );
      const outcomes = await Promise.all(pushes);
      const taken = outcomes.filter((outcome) => typeof outcome === 'number');
      assert.equal(taken.length, 100);
      assert.deepEqual([...new Set(outcomes.filter((outcome) => typeof outcome !== 'number'))], ['QUEUE_FULL']);
      assert.equal((await broker.size(QUEUE)).waiting, 100);
      const { claims } = await claim(broker, { count: 500 });
      assert.deepEqual(new Set(claims.map(({ lease }) => lease.id)), new Set(taken.map((i) => `m${i}`)));
    },
  );
}
