import assert from 'node:assert/strict';
import type { BaseBroker } from '../../brokers/base-broker.js';
import { ack, claim, claimIds, claimOne, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

/** What a cancelled message leaves behind in a store must not be taken for the next message of that id. */
export function reusing(promise: BrokerPromise): void {
  promise('counts a message once whose forerunner was cancelled', async ({ broker }) => {
    await cancelsAndEnds(broker, 'a');
    await push(broker, ['a']);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 1, delayed: 0, running: 0, dead: 0 });
    await broker.cancel(QUEUE, 'a');
    assert.deepEqual(await broker.size(QUEUE), { waiting: 1, delayed: 0, running: 0, dead: 0 });
    await ack(broker, ...(await claim(broker)).claims.map(({ lease }) => lease));
    assert.deepEqual(await broker.size(QUEUE), { waiting: 0, delayed: 0, running: 0, dead: 0 });
  });

  promise('keeps the order of messages whose forerunners were cancelled', async ({ broker }) => {
    for (const id of ['patient', 'later', 'last']) await cancelsAndEnds(broker, id);
    await push(broker, ['first']);
    await push(broker, ['patient'], { priority: 9 });
    await push(broker, ['later', 'last']);
    assert.deepEqual(await claimIds(broker), ['first', 'later', 'last', 'patient']);
  });

  promise('hands a message out where it is, not where its forerunner was cancelled', async ({ broker }) => {
    for (const id of ['elsewhere', 'cpu']) await cancelsAndEnds(broker, id);
    await push(broker, ['elsewhere'], { queue: 'other' });
    await push(broker, ['cpu'], { lane: 'cpu' });
    assert.deepEqual(await claimIds(broker), []);
    assert.deepEqual(await claimIds(broker, { queue: 'other' }), ['elsewhere']);
    assert.deepEqual(await claimIds(broker, { lane: 'cpu' }), ['cpu']);
  });

  promise(
    'purges no message of another queue whose forerunner was cancelled in this one',
    { needs: ['purge'] },
    async ({ broker }) => {
      await cancelsAndEnds(broker, 'a');
      await push(broker, ['a'], { queue: 'other' });
      assert.deepEqual(await broker.purge(QUEUE), []);
      assert.deepEqual(await broker.holds(['a']), [true]);
      assert.deepEqual(await claimIds(broker, { queue: 'other' }), ['a']);
    },
  );
}

async function cancelsAndEnds(broker: BaseBroker, id: string): Promise<void> {
  await push(broker, [id]);
  await broker.cancel(QUEUE, id);
  const { lease, verdict } = await claimOne(broker);
  assert.deepEqual([lease.id, verdict], [id, 'cancelled']);
  await ack(broker, lease);
}
