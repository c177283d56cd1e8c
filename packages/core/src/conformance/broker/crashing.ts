import assert from 'node:assert/strict';
import type { ClaimReply, ClaimRequest, ReleaseReason } from '../../brokers/base-broker.js';
import { eventually } from '../expectations.js';
import { ack, claim, claimEventually, claimIds, LEASE, push, QUEUE } from './broker-steps.js';
import type { BrokerFixture, BrokerPromise } from './describe-broker.js';

const CRASH = 2_000;
const settings = { policy: { maxCrashes: 3 } };

export function crashing(promise: BrokerPromise): void {
  promise(
    'hands out what crashed too often to be given up (BK-14)',
    { needs: ['advance'], settings },
    async (fixture) => {
      await push(fixture.broker, ['poison']);
      for (let i = 0; i < 3; i++) await crash(fixture, i);
      const { claims } = await claimEventually(fixture);
      assert.deepEqual(
        claims.map(({ lease, verdict, crashes }) => [lease.id, verdict, crashes]),
        [['poison', 'exhausted', 3]],
      );
    },
  );

  promise(
    'keeps the last chance of a message for a worker that does nothing else (BK-14)',
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
    'keeps the last chance of a message that was put back for a worker that does nothing else',
    { needs: ['advance'], settings },
    async (fixture) => {
      const { broker, advance } = fixture;
      await push(broker, ['poison']);
      for (let i = 0; i < 2; i++) await crash(fixture, i);
      await claimEventually(fixture, { alone: true, leaseMs: LEASE }).then(putBack);
      for (const runAt of [null, { after: 1_000 }]) {
        for (const reason of ['failed', 'stopped', 'deferred', 'unstarted'] as const) {
          const { claims, lastChanceWaiting } = await claim(broker);
          assert.deepEqual([claims, lastChanceWaiting], [[], true], `put back as ${reason}`);
          await claim(broker, { alone: true }).then((reply) => putBack(reply, reason, runAt));
          await advance(runAt?.after ?? 0);
        }
      }

      async function putBack(
        { claims }: ClaimReply,
        reason: ReleaseReason = 'failed',
        runAt: { readonly after: number } | null = null,
      ): Promise<void> {
        assert.deepEqual(
          claims.map(({ lease, verdict }) => [lease.id, verdict]),
          [['poison', 'run']],
        );
        for (const { lease } of claims) await broker.release(lease, { runAt, reason });
      }
    },
  );

  promise(
    'hands what is to be given up out again when its holder put it back or died with it',
    { needs: ['advance'], settings: { policy: { maxCrashes: 2 } } },
    async (fixture) => {
      const { broker, advance } = fixture;
      await push(broker, ['poison']);
      for (let i = 0; i < 2; i++) await crash(fixture, i);
      const exhausted = async () => {
        const [one] = (await claimEventually(fixture, { leaseMs: CRASH })).claims;
        assert.deepEqual([one?.lease.id, one?.verdict], ['poison', 'exhausted']);
        return one?.lease ?? assert.fail();
      };
      await broker.release(await exhausted(), { runAt: null, reason: 'stopped' });
      await exhausted();
      await advance(CRASH);
      await ack(broker, await exhausted());
    },
  );

  promise(
    'takes no message for one on its last chance that never crashed, however few crashes are allowed',
    { settings: { policy: { maxCrashes: 1 } } },
    async ({ broker }) => {
      await push(broker, ['a', 'b']);
      const { claims, lastChanceWaiting } = await claim(broker);
      assert.deepEqual([claims.map(({ lease }) => lease.id), lastChanceWaiting], [['a', 'b'], false]);
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
    'hands a cancelled message out as cancelled, once, however often it crashed',
    { needs: ['advance'], settings: { policy: { maxCrashes: 2 } } },
    async (fixture) => {
      const { broker, advance } = fixture;
      for (const crashes of [1, 2]) {
        const id = `crashed-${crashes}`;
        await push(broker, [id]);
        for (let i = 0; i < crashes; i++) await crash(fixture, i);
        await eventually('the lost lease', async () => (await waitsNoticed(fixture)) === 1, advance);
        assert.equal(await broker.cancel(QUEUE, id), true);
        const { claims, lastChanceWaiting } = await claim(broker);
        assert.deepEqual(
          claims.map(({ lease, verdict }) => [lease.id, verdict]),
          [[id, 'cancelled']],
        );
        assert.equal(lastChanceWaiting, false);
        assert.deepEqual(await claimIds(broker, { alone: true }), []);
        await ack(broker, ...claims.map(({ lease }) => lease));
      }
    },
  );

  promise(
    'hands nothing of a paused queue out, and purges all of it, also what waits for its last chance or to be given up',
    { needs: ['advance', 'pause', 'purge'], settings: { policy: { maxCrashes: 2 } } },
    async (fixture) => {
      const { broker, advance } = fixture;
      const ids = ['last-chance', 'given-up'];
      for (const [i, id] of ids.entries()) {
        await push(broker, [id], { lane: 'cpu' });
        for (let crashes = 0; crashes <= i; crashes++) await crash(fixture, crashes, { lane: 'cpu' });
        await eventually('the lost lease', async () => (await waitsNoticed(fixture)) === 1, advance);
        await broker.pause(QUEUE);
        for (const alone of [true, false])
          assert.deepEqual(await claimIds(broker, { lane: 'cpu', alone }), [], `${id} of a paused queue`);
        assert.deepEqual(await broker.purge(QUEUE), [id]);
        assert.deepEqual(await broker.size(QUEUE), { waiting: 0, delayed: 0, running: 0, dead: 0 });
        await broker.resume(QUEUE);
        const { claims, lastChanceWaiting } = await claim(broker, { lane: 'cpu' });
        assert.deepEqual([claims, lastChanceWaiting], [[], false]);
      }
    },
  );

  promise(
    'hands bytes out that are no message, once, and goes on (BK-15)',
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
async function crash(fixture: BrokerFixture, crashes: number, request: Partial<ClaimRequest> = {}): Promise<void> {
  const { claims } = await claimEventually(fixture, { count: 1, leaseMs: CRASH, alone: true, ...request });
  assert.deepEqual(
    claims.map((one) => one.crashes),
    [crashes],
  );
  await fixture.advance(CRASH);
}

/** How many messages wait, once a claim has made the store look at leases. */
async function waitsNoticed({ broker }: BrokerFixture): Promise<number> {
  await claimIds(broker, { lane: 'task:none' });
  return (await broker.size(QUEUE)).waiting;
}
