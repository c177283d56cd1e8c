import assert from 'node:assert/strict';
import { type BaseBroker, CANCEL_TOPIC } from '../../brokers/base-broker.js';
import { ack, claim, claimEventually, claimIds, claimOne, LEASE, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

export function cancelling(promise: BrokerPromise): void {
  promise('hands out a cancelled message next, before all others, to be ended', async ({ broker }) => {
    await push(broker, ['first'], { priority: -100 });
    await push(broker, ['a', 'b', 'c']);
    assert.equal(await broker.cancel(QUEUE, 'c'), true);
    const { claims } = await claim(broker);
    assert.deepEqual(verdicts(claims), [
      ['c', 'cancelled'],
      ['first', 'run'],
      ['a', 'run'],
      ['b', 'run'],
    ]);
    assert.equal(claims[0]?.payload, 'payload of c');
  });

  promise('hands out a cancelled delayed message without waiting for its time', async ({ broker }) => {
    await push(broker, ['later'], { runAt: { after: 60_000 } });
    await push(broker, ['plain']);
    assert.equal(await broker.cancel(QUEUE, 'later'), true);
    assert.equal((await broker.size(QUEUE)).delayed, 0);
    const reply = await claim(broker);
    assert.deepEqual(verdicts(reply.claims), [
      ['later', 'cancelled'],
      ['plain', 'run'],
    ]);
    assert.equal(reply.nextDueIn, null);
    await ack(broker, ...reply.claims.map(({ lease }) => lease));
    assert.deepEqual(await broker.holds(['later']), [false]);
  });

  promise('hands a cancelled message out once', async ({ broker }) => {
    await push(broker, ['a', 'b']);
    assert.equal(await broker.cancel(QUEUE, 'a'), true);
    assert.equal(await broker.cancel(QUEUE, 'a'), true);
    assert.deepEqual(verdicts((await claim(broker)).claims), [
      ['a', 'cancelled'],
      ['b', 'run'],
    ]);
    assert.deepEqual(await claimIds(broker), []);
  });

  promise('tells the holder of a running message, each time it asks', async ({ broker }) => {
    await push(broker, ['a']);
    const { lease } = await claimOne(broker);
    assert.equal(await broker.cancel(QUEUE, 'a'), true);
    assert.deepEqual(await broker.extend([lease], LEASE), ['cancel']);
    assert.deepEqual(await broker.extend([lease], LEASE), ['cancel']);
    assert.deepEqual(await claimIds(broker), []);
    await ack(broker, lease);
    assert.equal(await broker.cancel(QUEUE, 'a'), false);
  });

  promise('announces a running message that is to end', { needs: ['events'] }, async ({ broker }) => {
    const heard: string[] = [];
    const end = await broker.subscribe(CANCEL_TOPIC, (id) => heard.push(id));
    await push(broker, ['a']);
    await claimOne(broker);
    await broker.cancel(QUEUE, 'a');
    for (let i = 0; i < 100 && heard.length === 0; i++) await broker.size(QUEUE);
    assert.deepEqual(heard, ['a']);
    await end();
  });

  promise('still hands out as cancelled what its worker gave back', async ({ broker }) => {
    for (const reason of ['failed', 'stopped', 'deferred'] as const) {
      await push(broker, [reason]);
      const { lease } = await claimOne(broker);
      await broker.cancel(QUEUE, reason);
      await broker.release(lease, { runAt: { after: 60_000 }, reason });
      await endsAsCancelled(broker, reason);
    }
  });

  promise('still hands out as cancelled what its worker lost', { needs: ['advance'] }, async (fixture) => {
    const { broker, advance } = fixture;
    await push(broker, ['a']);
    await claimOne(broker);
    await broker.cancel(QUEUE, 'a');
    await advance(LEASE);
    assert.deepEqual(verdicts((await claimEventually(fixture)).claims), [['a', 'cancelled']]);
  });

  promise(
    'takes a cancelled message as cancelled, not as expired',
    { needs: ['advance'] },
    async ({ broker, advance }) => {
      await push(broker, ['a'], { expiresAt: { after: 1_000 } });
      await advance(2_000);
      await broker.cancel(QUEUE, 'a');
      await endsAsCancelled(broker, 'a');
    },
  );

  promise('says that there is nothing to cancel', async ({ broker }) => {
    assert.equal(await broker.cancel(QUEUE, 'unknown'), false);
    assert.equal(await broker.cancel('no-such-queue', 'unknown'), false);
  });
}

function verdicts(claims: readonly { lease: { id: string }; verdict: string }[]): [string, string][] {
  return claims.map(({ lease, verdict }) => [lease.id, verdict]);
}

async function endsAsCancelled(broker: BaseBroker, id: string): Promise<void> {
  const { claims } = await claim(broker);
  assert.deepEqual(verdicts(claims), [[id, 'cancelled']]);
  await ack(broker, ...claims.map(({ lease }) => lease));
}
