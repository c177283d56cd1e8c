import assert from 'node:assert/strict';
import { claim, claimEventually, claimIds, claimOne, LEASE, message, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

const NEEDS = { needs: ['advance'] } as const;

export function delaying(promise: BrokerPromise): void {
  promise('hands out no delayed message', async ({ broker }) => {
    await push(broker, ['later'], { runAt: { after: 60_000 } });
    await push(broker, ['far'], { runAt: { at: Date.UTC(2100, 0, 1) } });
    const reply = await claim(broker);
    assert.deepEqual(reply.claims, []);
    assert.ok(reply.nextDueIn !== null && reply.nextDueIn > 0 && reply.nextDueIn <= 60_000);
  });

  promise('hands out at once what was due in the past', async ({ broker }) => {
    await push(broker, ['past'], { runAt: { at: 1 } });
    await push(broker, ['now'], { runAt: { after: 0 } });
    assert.deepEqual(await claimIds(broker), ['past', 'now']);
  });

  promise(
    'hands out a delayed message when it is due, and not a millisecond before',
    NEEDS,
    async ({ broker, advance }) => {
      const [reply] = await push(broker, ['after'], { runAt: { after: 5_000 } });
      await push(broker, ['at'], { runAt: { at: (reply?.submittedAt ?? 0) + 8_000 } });
      assert.equal((await claim(broker)).nextDueIn, 5_000);
      await advance(4_999);
      const early = await claim(broker);
      assert.deepEqual([early.claims, early.nextDueIn], [[], 1]);
      await advance(1);
      const due = await claim(broker);
      assert.deepEqual([due.claims.map(({ lease }) => lease.id), due.nextDueIn], [['after'], 3_000]);
      await advance(3_000);
      assert.deepEqual(await claimIds(broker), ['at']);
      assert.equal((await claim(broker)).nextDueIn, null);
    },
  );

  promise('keeps the priority of a message that was delayed', NEEDS, async ({ broker, advance }) => {
    await push(broker, ['low'], { runAt: { after: 1_000 }, priority: 5 });
    await push(broker, ['high'], { runAt: { after: 2_000 }, priority: -5 });
    await push(broker, ['plain']);
    await advance(2_000);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 3, delayed: 0, running: 0, dead: 0 });
    assert.deepEqual(await claimIds(broker), ['high', 'plain', 'low']);
  });

  promise('says of each lane when its next message is due', async ({ broker }) => {
    await push(broker, ['cpu'], { lane: 'cpu', runAt: { after: 60_000 } });
    assert.equal((await claim(broker)).nextDueIn, null);
    assert.ok(((await claim(broker, { lane: 'cpu' })).nextDueIn ?? 0) > 0);
  });

  promise('makes many delayed messages claimable at once, each once', NEEDS, async ({ broker, advance }) => {
    const ids = Array.from({ length: 250 }, (_, i) => `m${i}`);
    await broker.push(ids.map((id, i) => message(id, { runAt: { after: 1_000 + i } })));
    await advance(2_000);
    const claimed: string[] = [];
    while (claimed.length < ids.length) {
      const some = await claimIds(broker, { count: 100 });
      assert.notEqual(some.length, 0, `Only ${claimed.length} of ${ids.length} were handed out.`);
      claimed.push(...some);
    }
    assert.deepEqual([...claimed].sort(), [...ids].sort());
    assert.deepEqual(await claimIds(broker), []);
  });

  promise('hands out as expired what was not started in time', NEEDS, async ({ broker, advance }) => {
    const [reply] = await push(broker, ['after'], { expiresAt: { after: 1_000 } });
    await push(broker, ['at'], { expiresAt: { at: (reply?.submittedAt ?? 0) + 1_000 } });
    await push(broker, ['in-time'], { expiresAt: { after: 5_000 } });
    await push(broker, ['never']);
    await push(broker, ['long-ago'], { expiresAt: { at: 0 } });
    await advance(1_001);
    const { claims } = await claim(broker);
    assert.deepEqual(claims.map(({ lease, verdict }) => [lease.id, verdict]).sort(), [
      ['after', 'expired'],
      ['at', 'expired'],
      ['in-time', 'run'],
      ['long-ago', 'expired'],
      ['never', 'run'],
    ]);
  });

  promise('hands out as expired again what its holder put back or died with', NEEDS, async (fixture) => {
    const { broker, advance } = fixture;
    for (const id of ['put-back', 'crashed']) await push(broker, [id], { expiresAt: { after: 1_000 } });
    await advance(1_001);
    const { claims } = await claim(broker, { leaseMs: 2_000 });
    const putBack = claims.find(({ lease }) => lease.id === 'put-back');
    assert.ok(putBack);
    await broker.release(putBack.lease, { runAt: null, reason: 'stopped' });
    assert.equal((await claimOne(broker)).verdict, 'expired');
    await advance(2_000);
    const again = await claimEventually(fixture);
    assert.deepEqual(
      again.claims.map(({ lease, verdict }) => [lease.id, verdict]),
      [['crashed', 'expired']],
    );
  });

  promise('lets what nobody began expire, though it was handed out in time', NEEDS, async ({ broker, advance }) => {
    await push(broker, ['a'], { expiresAt: { after: 1_000 } });
    const { lease } = await claimOne(broker);
    await broker.release(lease, { runAt: null, reason: 'unstarted' });
    await advance(1_000);
    assert.equal((await claimOne(broker)).verdict, 'expired');
  });

  promise('lets a task run again whose time to start is over, once it was started in time', NEEDS, async (fixture) => {
    const { broker, advance } = fixture;
    for (const id of ['failed', 'crashed']) await push(broker, [id], { expiresAt: { after: 1_000 } });
    const { claims } = await claim(broker);
    const failed = claims.find(({ lease }) => lease.id === 'failed');
    assert.ok(failed);
    await broker.release(failed.lease, { runAt: { after: 5_000 }, reason: 'failed' });
    await advance(5_000);
    assert.equal((await claimOne(broker)).verdict, 'run');
    await advance(LEASE);
    const again = await claimEventually(fixture);
    assert.deepEqual(
      again.claims.map(({ verdict }) => verdict).filter((verdict) => verdict !== 'run'),
      [],
    );
  });
}
