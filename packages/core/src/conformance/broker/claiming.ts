import assert from 'node:assert/strict';
import type { BaseBroker } from '../../brokers/base-broker.js';
import { claim, claimIds, message, push } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

export function claiming(promise: BrokerPromise): void {
  promise('hands out first what came first', async ({ broker }) => {
    const ids = Array.from({ length: 250 }, (_, i) => `m${i}`);
    for (let i = 0; i < ids.length; i += 50) await push(broker, ids.slice(i, i + 50));
    assert.deepEqual(await drain(broker, 7), ids);
  });

  promise('hands out lower priorities first, and inside one what came first (BK-18)', async ({ broker }) => {
    const priorities = [5, 0, -5, 100, -100, 1, -1];
    const ids = Array.from({ length: 300 }, (_, i) => ({
      id: `m${i}`,
      priority: priorities[i % priorities.length] as number,
    }));
    await broker.push(ids.map(({ id, priority }) => message(id, { priority })));
    const expected = [...priorities].sort((a, b) => a - b).flatMap((p) => ids.filter(({ priority }) => priority === p));
    assert.deepEqual(
      await drain(broker, 11),
      expected.map(({ id }) => id),
    );
  });

  promise('lets a more urgent message overtake those that wait', async ({ broker }) => {
    await push(broker, ['a', 'b', 'c']);
    assert.deepEqual(await claimIds(broker, { count: 1 }), ['a']);
    await push(broker, ['late'], { priority: -1 });
    await push(broker, ['later'], { priority: 1 });
    assert.deepEqual(await claimIds(broker), ['late', 'b', 'c', 'later']);
  });

  promise('hands out no more than was asked for', async ({ broker }) => {
    await push(broker, ['a', 'b', 'c']);
    assert.deepEqual(await claimIds(broker, { count: 2 }), ['a', 'b']);
    assert.deepEqual(await claimIds(broker, { count: 2 }), ['c']);
    assert.deepEqual(await claim(broker), { claims: [], nextDueIn: null, lastChanceWaiting: false });
  });

  promise('serves each lane of each queue by itself', async ({ broker }) => {
    await push(broker, ['io']);
    await push(broker, ['cpu'], { lane: 'cpu' });
    await push(broker, ['task'], { lane: 'task:mail' });
    await push(broker, ['other'], { queue: 'other' });
    assert.deepEqual(await claimIds(broker, { lane: 'task:mail' }), ['task']);
    assert.deepEqual(await claimIds(broker, { lane: 'cpu' }), ['cpu']);
    assert.deepEqual(await claimIds(broker), ['io']);
    assert.deepEqual(await claimIds(broker, { lane: 'task:other' }), []);
    assert.deepEqual(await claimIds(broker, { queue: 'other' }), ['other']);
  });

  promise('hands every message to one worker only', async ({ broker }) => {
    await handsOutOnce([broker]);
  });

  promise(
    'hands every message to one worker only, in any process',
    { needs: ['second'] },
    async ({ broker, second }) => {
      await handsOutOnce([broker, await second()]);
    },
  );
}

async function drain(broker: BaseBroker, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let ids = await claimIds(broker, { count }); ids.length > 0; ids = await claimIds(broker, { count }))
    all.push(...ids);
  return all;
}

async function handsOutOnce(brokers: readonly BaseBroker[]): Promise<void> {
  const ids = Array.from({ length: 200 }, (_, i) => `m${i}`);
  await push(brokers[0] as BaseBroker, ids);
  const claims = Array.from({ length: 60 }, (_, i) =>
    claimIds(brokers[i % brokers.length] as BaseBroker, { count: 5, worker: `worker-${i}` }),
  );
  assert.deepEqual((await Promise.all(claims)).flat().sort(), [...ids].sort());
}
