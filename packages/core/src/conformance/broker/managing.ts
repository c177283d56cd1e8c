import assert from 'node:assert/strict';
import { BaseResultBackend } from '../../backends/base-result-backend.js';
import { pollUntilFinished } from '../../backends/poll-until-finished.js';
import type { BaseBroker } from '../../brokers/base-broker.js';
import { breathe, rejection } from '../expectations.js';
import { ack, claim, claimIds, claimOne, LEASE, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

export function managing(promise: BrokerPromise): void {
  promise('says what it supports, and refuses the rest with a typed error', async ({ broker }) => {
    const calls = {
      purge: [() => broker.purge(QUEUE)],
      pause: [() => broker.pause(QUEUE), () => broker.resume(QUEUE)],
      events: [() => broker.publish('topic', 'text'), () => broker.subscribe('topic', () => {})],
      deadLetters: [() => broker.deadLetters(QUEUE), () => broker.takeDeadLetter(QUEUE, 'a')],
    };
    for (const capability of ['purge', 'pause', 'events', 'deadLetters'] as const) {
      for (const call of calls[capability]) {
        if (broker.supports[capability]) await call();
        else await rejection(call(), 'NOT_IMPLEMENTED');
      }
    }
  });

  promise('purges what waits or is delayed, and nothing else', { needs: ['purge'] }, async ({ broker }) => {
    await push(broker, ['running']);
    const { lease } = await claimOne(broker);
    await push(broker, ['a', 'cancelled']);
    await broker.cancel(QUEUE, 'cancelled');
    await push(broker, ['high'], { priority: -3 });
    await push(broker, ['cpu'], { lane: 'cpu' });
    await push(broker, ['later'], { runAt: { after: 60_000 }, remembered: true });
    await push(broker, ['other'], { queue: 'other' });
    assert.deepEqual((await broker.purge(QUEUE)).sort(), ['a', 'cancelled', 'cpu', 'high', 'later']);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 0, delayed: 0, running: 1, dead: 0 });
    await isEmpty(broker);
    assert.deepEqual(await broker.extend([lease], LEASE), ['held']);
    assert.deepEqual(await claimIds(broker, { queue: 'other' }), ['other']);
    assert.deepEqual(
      (await push(broker, ['a', 'later'])).map(({ known }) => known),
      [false, false],
    );
    assert.deepEqual((await claimIds(broker)).sort(), ['a', 'later']);
    assert.deepEqual(await broker.purge(QUEUE), []);
  });

  promise('purges what was put back, to run at once or later', { needs: ['purge'] }, async ({ broker }) => {
    await push(broker, ['at-once', 'later', 'stopped']);
    const { claims } = await claim(broker);
    for (const { lease } of claims) {
      const reason = lease.id === 'stopped' ? 'stopped' : 'failed';
      await broker.release(lease, { runAt: lease.id === 'later' ? { after: 60_000 } : null, reason });
    }
    assert.deepEqual((await broker.purge(QUEUE)).sort(), ['at-once', 'later', 'stopped']);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 0, delayed: 0, running: 0, dead: 0 });
    await isEmpty(broker);
  });

  promise(
    'hands out nothing of a paused queue, whatever its verdict, until it is resumed',
    { needs: ['pause'] },
    async ({ broker }) => {
      await push(broker, ['running']);
      const { lease } = await claimOne(broker);
      await push(broker, ['a', 'b']);
      await broker.pause(QUEUE);
      await broker.pause(QUEUE);
      await push(broker, ['c']);
      await push(broker, ['other'], { queue: 'other' });
      await broker.cancel(QUEUE, 'b');
      await isEmpty(broker);
      assert.deepEqual(await claimIds(broker, { queue: 'other' }), ['other']);
      assert.deepEqual(await broker.extend([lease], LEASE), ['held']);
      await ack(broker, lease);
      assert.equal((await broker.size(QUEUE)).waiting, 3);
      await broker.resume(QUEUE);
      await broker.resume(QUEUE);
      assert.deepEqual(await claimIds(broker), ['b', 'a', 'c']);
    },
  );

  promise('pauses a queue for every process', { needs: ['pause', 'second'] }, async ({ broker, second }) => {
    const other = await second();
    await push(broker, ['a']);
    await other.pause(QUEUE);
    await isEmpty(broker);
    await broker.resume(QUEUE);
    assert.deepEqual(await claimIds(other), ['a']);
  });

  promise('makes no fused store with a backend of another kind', async ({ broker }) => {
    assert.equal(await broker.fuse(new ForeignBackend()), null);
  });

  promise('ends the waits for work that are under way with a typed error', async ({ broker, passTime }) => {
    const waits = [QUEUE, 'other'].map((queue) => rejection(untilClosed(broker, queue), 'STOPPED'));
    await breathe(() => broker.size(QUEUE));
    await broker.close();
    await breathe(() => passTime(1_000));
    assert.equal((await Promise.all(waits)).length, 2);
  });

  promise('takes nothing in and hands nothing out once it is closed', async ({ broker }) => {
    await push(broker, ['a']);
    await broker.close();
    await rejection(push(broker, ['b']), 'STOPPED');
    await rejection(claim(broker), 'STOPPED');
    await rejection(broker.size(QUEUE), 'STOPPED');
  });

  promise('closes more than once, also at the same time (SH-06)', async ({ broker }) => {
    await push(broker, ['a']);
    await Promise.all([broker.close(), broker.close()]);
    await broker.close();
  });
}

/** Waking up without a cause is allowed. */
async function untilClosed(broker: BaseBroker, queue: string): Promise<never> {
  const { signal } = new AbortController();
  while (true) await broker.waitForWork([queue], { signal });
}

async function isEmpty(broker: BaseBroker): Promise<void> {
  for (const alone of [false, true]) {
    for (const lane of ['io', 'cpu'] as const) assert.deepEqual((await claim(broker, { lane, alone })).claims, []);
  }
}

/** Stores nothing, and is of no broker's kind. */
class ForeignBackend extends BaseResultBackend {
  async store() {
    return true;
  }
  async get() {
    return null;
  }
  waitFor(taskId: string) {
    return pollUntilFinished(this, taskId);
  }
}
