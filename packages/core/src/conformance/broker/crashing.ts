import assert from 'node:assert/strict';
import { eventually } from '../expectations.js';
import { claim, claimEventually, claimIds, LEASE, push, QUEUE } from './broker-steps.js';
import type { BrokerFixture, BrokerPromise } from './describe-broker.js';

const CRASH = 2_000;
const settings = { policy: { maxCrashes: 3 } };

export function crashing(promise: BrokerPromise): void {
  promise('hands out what crashed too often to be given up', { needs: ['advance'], settings }, async (fixture) => {
    await push(fixture.broker, ['poison']);
    for (let i = 0; i < 3; i++) await crash(fixture, i);
    const { claims } = await claimEventually(fixture);
    assert.deepEqual(
      claims.map(({ lease, verdict, crashes }) => [lease.id, verdict, crashes]),
      [['poison', 'exhausted', 3]],
    );
  });

  promise(
    'keeps the last chance of a message for a worker that does nothing else',
    { needs: ['advance'], settings },
    async (fixture) => {
      const { broker, advance } = fixture;
      await push(broker, ['poison']);
      for (let i = 0; i < 2; i++) await crash(fixture, i);
      // The store may have to find the lost lease first.
      await eventually('the last chance', async () => (await claim(broker)).lastChanceWaiting, advance);
      await push(broker, ['a', 'b']);
      const beside = await claim(broker, { count: 1 });
      assert.deepEqual([beside.claims.map(({ lease }) => lease.id), beside.lastChanceWaiting], [['a'], true]);
      const { claims } = await claim(broker, { alone: true });
      assert.deepEqual(
        claims.map(({ lease, verdict, crashes }) => [lease.id, verdict, crashes]),
        [['poison', 'run', 2]],
      );
      const after = await claim(broker);
      assert.deepEqual([after.claims.map(({ lease }) => lease.id), after.lastChanceWaiting], [['b'], false]);
    },
  );

  promise(
    'gives a worker that is alone as much as it asks for, when nothing is on its last chance',
    async ({ broker }) => {
      await push(broker, ['a', 'b', 'c']);
      assert.deepEqual(await claimIds(broker, { alone: true }), ['a', 'b', 'c']);
    },
  );

  promise('counts crashes of a message and not its failures', { needs: ['advance'], settings }, async (fixture) => {
    const { broker } = fixture;
    await push(broker, ['a']);
    await crash(fixture, 0);
    for (let i = 0; i < 5; i++) {
      const {
        claims: [one],
      } = await claimEventually(fixture, { leaseMs: LEASE });
      assert.deepEqual([one?.crashes, one?.verdict, one?.attempt], [1, 'run', i + 1]);
      await broker.release(one?.lease ?? assert.fail(), { runAt: null, reason: 'failed' });
    }
  });

  promise(
    'takes a message as cancelled, however often it crashed',
    { needs: ['advance'], settings },
    async (fixture) => {
      const { broker } = fixture;
      await push(broker, ['last-chance', 'exhausted']);
      for (let i = 0; i < 2; i++) await crashAll(fixture);
      await broker.cancel(QUEUE, 'last-chance');
      await broker.cancel(QUEUE, 'exhausted');
      const claims = [...(await claimEventually(fixture)).claims, ...(await claim(broker)).claims];
      assert.deepEqual(claims.map(({ lease, verdict }) => [lease.id, verdict]).sort(), [
        ['exhausted', 'cancelled'],
        ['last-chance', 'cancelled'],
      ]);
      assert.equal((await claim(broker, { alone: true })).lastChanceWaiting, false);
    },
  );

  promise(
    'hands bytes out that are no message, once, and goes on',
    { needs: ['damage', 'deadLetters'] },
    async ({ broker, damage }) => {
      await push(broker, ['broken', 'whole']);
      await damage(QUEUE, 'broken');
      const { claims } = await claim(broker);
      assert.deepEqual(claims.map(({ lease, verdict }) => [lease.id, verdict]).sort(), [
        ['broken', 'unreadable'],
        ['whole', 'run'],
      ]);
      const broken = claims.find(({ lease }) => lease.id === 'broken');
      assert.deepEqual(await broker.ack([{ lease: broken?.lease ?? assert.fail(), deadLetter: 'unreadable' }]), [true]);
      assert.deepEqual(await claimIds(broker), []);
      assert.deepEqual(
        (await broker.deadLetters(QUEUE)).map(({ id, reason }) => [id, reason]),
        [['broken', 'unreadable']],
      );
    },
  );
}

/** Claims a message that crashed `crashes` times and lets its lease end. */
async function crash(fixture: BrokerFixture, crashes: number): Promise<void> {
  const { claims } = await claimEventually(fixture, { count: 1, leaseMs: CRASH, alone: true });
  assert.deepEqual(
    claims.map((one) => one.crashes),
    [crashes],
  );
  await fixture.advance(CRASH);
}

/** Claims all messages and lets their leases end. */
async function crashAll(fixture: BrokerFixture): Promise<void> {
  await claimEventually(fixture, { leaseMs: CRASH });
  await claim(fixture.broker, { leaseMs: CRASH });
  await fixture.advance(CRASH);
}
