import assert from 'node:assert/strict';
import type { BaseBroker } from '../../brokers/base-broker.js';
import { ack, claim, claimEventually, claimIds, claimOne, message, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

const WINDOW = 60_000;
const settings = { policy: { dedupeWindow: WINDOW } };

export function knownIds(promise: BrokerPromise): void {
  promise('knows a message that waits, is delayed or runs, and leaves it as it is', async ({ broker }) => {
    await push(broker, ['running']);
    const running = await claimOne(broker);
    await push(broker, ['waiting']);
    await push(broker, ['delayed'], { runAt: { after: 60_000 } });
    for (const id of ['waiting', 'delayed', 'running']) await isKnown(broker, id);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 1, delayed: 1, running: 1, dead: 0 });
    assert.deepEqual(await broker.extend([running.lease], 60_000), ['held']);
    assert.equal((await claimOne(broker)).payload, 'payload of waiting');
  });

  promise('says for how long it knows an id after the end', { settings }, async ({ broker }) => {
    assert.equal(broker.dedupeWindow, WINDOW);
  });

  promise('knows an id in every queue, whichever it was pushed to', async ({ broker }) => {
    await push(broker, ['a']);
    const [reply] = await push(broker, ['a'], { queue: 'other' });
    assert.equal(reply?.known, true);
    assert.deepEqual(await claimIds(broker, { queue: 'other' }), []);
  });

  promise('takes an id in once that comes twice in one push', async ({ broker }) => {
    const replies = await broker.push([
      message('a', { payload: 'first' }),
      message('b'),
      message('a', { payload: 'second' }),
    ]);
    assert.deepEqual(
      replies.map(({ known }) => known),
      [false, false, true],
    );
    assert.deepEqual(
      (await claim(broker)).claims.map(({ payload }) => payload),
      ['first', 'payload of b'],
    );
  });

  promise('takes one of many pushes of the same id at once', async ({ broker }) => {
    await takesOne([broker]);
  });

  promise(
    'takes one of many pushes of the same id by several processes (BK-23)',
    { needs: ['second'] },
    async ({ broker, second }) => {
      await takesOne([broker, await second()]);
    },
  );

  promise('forgets a message with its end, unless it is to be remembered', async ({ broker }) => {
    await push(broker, ['a']);
    await ack(broker, (await claimOne(broker)).lease);
    const [reply] = await push(broker, ['a']);
    assert.equal(reply?.known, false);
    assert.deepEqual(await claimIds(broker), ['a']);
  });

  promise(
    'remembers an explicit id for the dedupe window after its end, and no longer (BK-23)',
    { needs: ['advance'], settings },
    async ({ broker, advance }) => {
      await push(broker, ['a'], { remembered: true });
      await advance(2 * WINDOW);
      await ack(broker, (await claimOne(broker)).lease);
      await advance(WINDOW - 1);
      await isKnown(broker, 'a');
      assert.deepEqual(await broker.holds(['a']), [false]);
      assert.deepEqual(await claimIds(broker), []);
      await advance(1);
      const [again] = await push(broker, ['a'], { remembered: true });
      assert.equal(again?.known, false);
      assert.deepEqual(await claimIds(broker), ['a']);
    },
  );

  promise('remembers an explicit id however its task came to its end', async ({ broker }) => {
    const reasons = ['failed', 'stopped', 'deferred', 'unstarted'] as const;
    for (const reason of reasons) {
      await push(broker, [reason], { remembered: true });
      await broker.release((await claimOne(broker)).lease, { runAt: null, reason });
      await ack(broker, (await claimOne(broker)).lease);
    }
    await push(broker, ['cancelled'], { remembered: true });
    await broker.cancel(QUEUE, 'cancelled');
    await ack(broker, (await claimOne(broker)).lease);
    for (const id of [...reasons, 'cancelled']) await isKnown(broker, id);
    assert.deepEqual(await claimIds(broker), []);
  });

  promise(
    'remembers an explicit id whose worker died before its task ended',
    { needs: ['advance'] },
    async (fixture) => {
      const { broker, advance } = fixture;
      await push(broker, ['a'], { remembered: true });
      await claimOne(broker, { leaseMs: 2_000 });
      await advance(2_000);
      await ack(broker, ...(await claimEventually(fixture)).claims.map(({ lease }) => lease));
      await isKnown(broker, 'a');
    },
  );

  promise(
    'remembers an id for its own time, however many others end',
    { needs: ['advance'], settings },
    async ({ broker, advance }) => {
      for (const [i, id] of ['a', 'b', 'c'].entries()) {
        await push(broker, [id], { remembered: true });
        await ack(broker, (await claimOne(broker)).lease);
        if (i < 2) await advance(WINDOW / 3);
      }
      await advance(WINDOW / 3);
      const replies = await push(broker, ['a', 'b', 'c']);
      assert.deepEqual(
        replies.map(({ known }) => known),
        [false, true, true],
      );
    },
  );
}

async function isKnown(broker: BaseBroker, id: string): Promise<void> {
  const [reply] = await broker.push([message(id, { priority: -100, payload: 'changed' })]);
  assert.equal(reply?.known, true, `${id} is known`);
}

async function takesOne(brokers: readonly BaseBroker[]): Promise<void> {
  const pushes = Array.from({ length: 20 }, (_, i) => {
    const broker = brokers[i % brokers.length] as BaseBroker;
    return broker.push([message('same', { payload: `from ${i}`, remembered: true })]);
  });
  const replies = (await Promise.all(pushes)).flat();
  const taken = replies.findIndex(({ known }) => !known);
  assert.equal(replies.filter(({ known }) => !known).length, 1);
  const { claims } = await claim(brokers[0] as BaseBroker);
  assert.deepEqual(
    claims.map(({ payload }) => payload),
    [`from ${taken}`],
  );
}
