import assert from 'node:assert/strict';
import { eventually } from '../expectations.js';
import { ack, claim, claimEventually, claimIds, claimOne, LEASE, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

const NEEDS = { needs: ['advance'] } as const;

export function leasing(promise: BrokerPromise): void {
  promise('gives a message to nobody else while it is held', NEEDS, async ({ broker, advance }) => {
    await push(broker, ['a']);
    await claimOne(broker);
    await advance(LEASE - 1);
    assert.deepEqual(await claimIds(broker), []);
  });

  promise(
    'gives a message that nobody held on to out again, with a higher fence and its crash counted',
    NEEDS,
    async (fixture) => {
      const { broker, advance } = fixture;
      await push(broker, ['a', 'b']);
      const { claims: first } = await claim(broker, { leaseMs: 2_000 });
      await advance(2_000);
      const again = [...(await claimEventually(fixture)).claims, ...(await claim(broker)).claims];
      assert.deepEqual(again.map(({ lease }) => lease.id).sort(), ['a', 'b']);
      for (const { lease, crashes, attempt, verdict, payload } of again) {
        const before = first.find((one) => one.lease.id === lease.id);
        assert.ok(before && lease.fence > before.lease.fence);
        assert.deepEqual([crashes, attempt, verdict, payload], [1, 1, 'run', `payload of ${lease.id}`]);
      }
    },
  );

  promise('gives a message that nobody held on to out where it was: in its queue and lane', NEEDS, async (fixture) => {
    const { broker, advance } = fixture;
    const place = { queue: 'other', lane: 'cpu' } as const;
    await push(broker, ['a'], place);
    await claimOne(broker, { ...place, leaseMs: 2_000 });
    await advance(2_000);
    const { claims } = await claimEventually(fixture, place);
    assert.deepEqual(
      claims.map(({ lease: { id, queue, lane } }) => ({ id, queue, lane })),
      [{ id: 'a', ...place }],
    );
  });

  promise('counts a message that nobody held on to as waiting', NEEDS, async ({ broker, advance }) => {
    await push(broker, ['a']);
    await claimOne(broker, { leaseMs: 2_000 });
    await advance(2_000);
    await eventually(
      'the message waiting again',
      async () => {
        // A store may notice it at the next claim of any worker.
        await claimIds(broker, { lane: 'cpu' });
        const { waiting, running } = await broker.size(QUEUE);
        return waiting === 1 && running === 0;
      },
      advance,
    );
  });

  promise('keeps the priority of a message that comes back', NEEDS, async (fixture) => {
    const { broker, advance } = fixture;
    await push(broker, ['low'], { priority: 5 });
    await claimOne(broker, { leaseMs: 2_000 });
    await advance(2_000);
    await eventually(
      'the message waiting again',
      async () => {
        await claimIds(broker, { lane: 'cpu' });
        return (await broker.size(QUEUE)).waiting === 1;
      },
      advance,
    );
    await push(broker, ['plain']);
    await push(broker, ['lower'], { priority: 6 });
    await push(broker, ['high'], { priority: -5 });
    assert.deepEqual(await claimIds(broker), ['high', 'plain', 'low', 'lower']);
  });

  promise('holds a message for as long as it is extended', NEEDS, async ({ broker, advance }) => {
    await push(broker, ['a']);
    const { lease } = await claimOne(broker, { leaseMs: 2_000 });
    for (let i = 0; i < 5; i++) {
      await advance(1_500);
      assert.deepEqual(await broker.extend([lease], 2_000), ['held']);
      assert.deepEqual(await claimIds(broker), []);
    }
    await ack(broker, lease);
  });

  promise('holds a message from its last extension on, however many there were', NEEDS, async (fixture) => {
    const { broker, advance } = fixture;
    await push(broker, ['a']);
    const { lease } = await claimOne(broker, { leaseMs: 2_000 });
    for (let i = 0; i < 5; i++) await broker.extend([lease], 2_000);
    await advance(1_999);
    assert.deepEqual(await broker.extend([lease], 1_000), ['held']);
    await advance(1_000);
    assert.deepEqual(await broker.extend([lease], 2_000), ['lost']);
    assert.deepEqual(
      (await claimEventually(fixture)).claims.map((one) => one.lease.id),
      ['a'],
    );
  });

  promise(
    'makes a lease void when its time is over, even if nobody else took the message',
    NEEDS,
    async ({ broker, advance }) => {
      for (const id of ['extend', 'ack', 'release']) await push(broker, [id]);
      const { claims } = await claim(broker, { leaseMs: 2_000 });
      await advance(2_000);
      const lease = (id: string) => claims.find((one) => one.lease.id === id)?.lease ?? assert.fail(id);
      assert.deepEqual(await broker.extend([lease('extend')], 2_000), ['lost']);
      assert.deepEqual(await broker.ack([{ lease: lease('ack') }]), [false]);
      assert.equal(await broker.release(lease('release'), { runAt: null, reason: 'failed' }), false);
      assert.deepEqual(await broker.holds(['extend', 'ack', 'release']), [true, true, true]);
    },
  );

  promise('refuses the holder whose message was given to another', NEEDS, async (fixture) => {
    const { broker, advance } = fixture;
    await push(broker, ['a']);
    const stale = await claimOne(broker, { leaseMs: 2_000, worker: 'worker-1' });
    await advance(2_000);
    const {
      claims: [fresh],
    } = await claimEventually(fixture, { worker: 'worker-2' });
    assert.ok(fresh);
    assert.deepEqual(await broker.extend([stale.lease], LEASE), ['lost']);
    assert.equal(await broker.release(stale.lease, { runAt: null, reason: 'stopped' }), false);
    assert.deepEqual(await broker.ack([{ lease: stale.lease }]), [false]);
    assert.deepEqual(await broker.extend([fresh.lease], LEASE), ['held']);
    await ack(broker, fresh.lease);
  });

  promise('gives every delivery a higher fence', async ({ broker }) => {
    await push(broker, ['a']);
    let last = 0;
    for (const reason of ['failed', 'stopped', 'deferred', 'failed'] as const) {
      const { lease } = await claimOne(broker);
      assert.ok(lease.fence > last);
      last = lease.fence;
      await broker.release(lease, { runAt: null, reason });
      assert.deepEqual(await broker.extend([lease], LEASE), ['lost']);
      assert.deepEqual(await broker.ack([{ lease }]), [false]);
    }
  });

  promise('answers for each lease by itself, in their order', async ({ broker }) => {
    await push(broker, ['a', 'b', 'c']);
    const leases = (await claim(broker)).claims.map(({ lease }) => lease);
    const [a, b, c] = leases;
    assert.ok(a && b && c);
    const unknown = { ...a, id: 'unknown' };
    const wrongFence = { ...b, fence: b.fence + 1 };
    assert.deepEqual(await broker.extend([unknown, a, wrongFence, b, c], LEASE), [
      'lost',
      'held',
      'lost',
      'held',
      'held',
    ]);
    await broker.cancel(QUEUE, 'b');
    assert.deepEqual(await broker.extend([c, b, a], LEASE), ['held', 'cancel', 'held']);
    assert.deepEqual(await broker.ack([a, wrongFence, unknown, c].map((lease) => ({ lease }))), [
      true,
      false,
      false,
      true,
    ]);
    assert.deepEqual(await broker.ack([a, b].map((lease) => ({ lease }))), [false, true]);
    assert.deepEqual(await broker.extend([], LEASE), []);
    assert.deepEqual(await broker.ack([]), []);
  });

  promise(
    'recovers a message whose lease was lost from the store (BK-20)',
    { needs: ['advance', 'loseLease'] },
    async (fixture) => {
      const { broker, loseLease } = fixture;
      await push(broker, ['a']);
      await claimOne(broker);
      await loseLease(QUEUE, 'a');
      const { claims } = await claimEventually(fixture);
      assert.deepEqual(
        claims.map(({ lease, payload }) => [lease.id, payload]),
        [['a', 'payload of a']],
      );
    },
  );
}
