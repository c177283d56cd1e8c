import assert from 'node:assert/strict';
import type { BaseBroker } from '../../brokers/base-broker.js';
import { breathe, rejection, soon } from '../expectations.js';
import { claimIds, claimOne, push, QUEUE } from './broker-steps.js';
import type { BrokerFixture, BrokerPromise } from './describe-broker.js';

export function signalling(promise: BrokerPromise): void {
  promise('wakes who waits for work when a message is pushed, time after time', async (fixture) => {
    for (const id of ['a', 'b', 'c']) {
      await wakes(fixture, fixture.broker, [QUEUE], () => push(fixture.broker, [id]));
      assert.deepEqual(await claimIds(fixture.broker), [id]);
    }
  });

  promise('wakes for each of several queues', async (fixture) => {
    for (const queue of ['one', 'two']) {
      await wakes(fixture, fixture.broker, ['one', 'two'], () => push(fixture.broker, [`in-${queue}`], { queue }));
      assert.deepEqual(await claimIds(fixture.broker, { queue }), [`in-${queue}`]);
    }
  });

  promise('wakes when a message is put back', async (fixture) => {
    const { broker } = fixture;
    await push(broker, ['a']);
    const { lease } = await claimOne(broker);
    await wakes(fixture, broker, [QUEUE], () => broker.release(lease, { runAt: null, reason: 'stopped' }));
    assert.deepEqual(await claimIds(broker), ['a']);
  });

  promise('wakes when a delayed message is cancelled, since somebody has to end it', async (fixture) => {
    const { broker } = fixture;
    await push(broker, ['later'], { runAt: { after: 60_000 } });
    await wakes(fixture, broker, [QUEUE], () => broker.cancel(QUEUE, 'later'));
    assert.deepEqual(await claimIds(broker), ['later']);
  });

  promise('wakes when a queue is resumed', { needs: ['pause'] }, async (fixture) => {
    const { broker } = fixture;
    await broker.pause(QUEUE);
    await push(broker, ['a']);
    await wakes(fixture, broker, [QUEUE], () => broker.resume(QUEUE));
    assert.deepEqual(await claimIds(broker), ['a']);
  });

  promise('wakes when another process pushes', { needs: ['second'] }, async (fixture) => {
    const other = await fixture.second();
    await wakes(fixture, other, [QUEUE], () => push(fixture.broker, ['a']));
    assert.deepEqual(await claimIds(other), ['a']);
  });

  promise('stops waiting for work when the signal aborts', async ({ broker }) => {
    const reason = new Error('stopping');
    const aborting = new AbortController();
    const waiting = rejection(untilAborted(broker, aborting.signal), 'WAIT_ABORTED');
    await breathe(() => broker.size(QUEUE));
    aborting.abort(reason);
    assert.equal((await waiting).cause, reason);
    await rejection(broker.waitForWork([QUEUE], { signal: aborting.signal }), 'WAIT_ABORTED');
  });

  promise('tells every subscriber of a topic, in order, and nobody else', { needs: ['events'] }, async ({ broker }) => {
    await tells(broker, broker);
  });

  promise('tells the subscribers of other processes', { needs: ['events', 'second'] }, async ({ broker, second }) => {
    await tells(broker, await second());
  });
}

/** The caller must be woken by what it waits for, or before. Like a worker, it finds nothing first. */
async function wakes(
  { passTime }: BrokerFixture,
  broker: BaseBroker,
  queues: readonly string[],
  cause: () => Promise<unknown>,
): Promise<void> {
  for (const queue of queues) assert.deepEqual(await claimIds(broker, { queue }), []);
  const waiting = broker.waitForWork(queues, { signal: new AbortController().signal });
  await breathe(() => broker.size(QUEUE));
  await cause();
  await passTime(0);
  await soon(waiting, 'waking up for work');
}

/** Waking up without a cause is allowed. */
async function untilAborted(broker: BaseBroker, signal: AbortSignal): Promise<never> {
  while (true) await broker.waitForWork([QUEUE], { signal });
}

async function tells(from: BaseBroker, to: BaseBroker): Promise<void> {
  const heard: string[] = [];
  const heardElsewhere: string[] = [];
  const end = await to.subscribe('news', (text) => heard.push(`1:${text}`));
  const endSecond = await to.subscribe('news', (text) => heard.push(`2:${text}`));
  await to.subscribe('other', (text) => heardElsewhere.push(text));
  for (const text of ['a', '{"ü":"🚀"}\n|', '']) await from.publish('news', text);
  await until(to, () => heard.length >= 6);
  assert.deepEqual(
    heard.filter((text) => text.startsWith('1:')),
    ['1:a', '1:{"ü":"🚀"}\n|', '1:'],
  );
  assert.deepEqual(
    heard.filter((text) => text.startsWith('2:')),
    ['2:a', '2:{"ü":"🚀"}\n|', '2:'],
  );
  await end();
  await from.publish('news', 'only the second');
  await until(to, () => heard.length >= 7);
  await breathe(() => to.size(QUEUE));
  assert.deepEqual(heard.slice(6), ['2:only the second']);
  await endSecond();
  assert.deepEqual(heardElsewhere, []);
}

/** What is published arrives within some round trips. */
async function until(broker: BaseBroker, check: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !check(); i++) await breathe(() => broker.size(QUEUE));
}
