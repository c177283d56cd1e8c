import assert from 'node:assert/strict';
import type { Page } from '../../backends/base-result-backend.js';
import { rejection } from '../expectations.js';
import { claimIds, claimOne, message, push, QUEUE } from './broker-steps.js';
import type { BrokerFixture, BrokerPromise } from './describe-broker.js';

const NEEDS = { needs: ['deadLetters'] } as const;

export function deadLetters(promise: BrokerPromise): void {
  promise('says so when dead letters are not kept', async ({ broker }) => {
    if (broker.supports.deadLetters) assert.deepEqual(await broker.deadLetters(QUEUE), []);
    else await rejection(broker.deadLetters(QUEUE), 'NOT_IMPLEMENTED');
  });

  promise('keeps the bytes of a message that is given up, with the reason', NEEDS, async ({ broker }) => {
    const payload = '{"ü":"🚀|\\n"}\u2028';
    await broker.push([message('a', { payload, queue: 'mail' })]);
    const { lease, startedAt } = await claimOne(broker, { queue: 'mail' });
    assert.deepEqual(await broker.ack([{ lease, deadLetter: 'worker lost' }]), [true]);
    const [letter, ...others] = await broker.deadLetters('mail');
    assert.ok(letter);
    assert.deepEqual([letter.id, letter.queue, letter.reason, others], ['a', 'mail', 'worker lost', []]);
    assert.equal(Buffer.from(letter.payload).toString('utf8'), payload);
    assert.ok(letter.diedAt.getTime() >= startedAt);
    assert.deepEqual(await broker.size('mail'), { waiting: 0, delayed: 0, running: 0, dead: 1 });
    assert.deepEqual(await broker.deadLetters(QUEUE), []);
  });

  promise('knows and holds a dead letter, and hands it to nobody', NEEDS, async (fixture) => {
    const { broker } = fixture;
    await bury(fixture, 'a');
    assert.deepEqual(await broker.holds(['a']), [true]);
    const [reply] = await push(broker, ['a']);
    assert.equal(reply?.known, true);
    assert.deepEqual(await claimIds(broker), []);
  });

  promise(
    'lists the latest dead letter first, page by page',
    { needs: ['deadLetters', 'advance'] },
    async (fixture) => {
      const { broker, advance } = fixture;
      for (const id of ['a', 'b', 'c', 'd']) {
        await bury(fixture, id);
        await advance(10);
      }
      const ids = async (page?: Page) => (await broker.deadLetters(QUEUE, page)).map(({ id }) => id);
      assert.deepEqual(await ids(), ['d', 'c', 'b', 'a']);
      assert.deepEqual(await ids({ limit: 2 }), ['d', 'c']);
      assert.deepEqual(await ids({ limit: 2, offset: 3 }), ['a']);
      assert.deepEqual(await ids({ offset: 9 }), []);
      assert.deepEqual(await ids({ limit: 0 }), []);
      assert.deepEqual(await ids({ limit: null, offset: undefined }), ['d', 'c', 'b', 'a']);
    },
  );

  promise('refuses a page of dead letters that is no count', NEEDS, async ({ broker }) => {
    for (const value of [-1, 1.5, Number.NaN]) {
      for (const argument of ['limit', 'offset'] as const) {
        const error = await rejection(broker.deadLetters(QUEUE, { [argument]: value }), 'INVALID_ARGUMENT');
        assert.equal(error.argument, argument);
      }
    }
  });

  promise('gives a dead letter back once, and forgets it', NEEDS, async (fixture) => {
    const { broker } = fixture;
    await bury(fixture, 'a', true);
    const letter = await broker.takeDeadLetter(QUEUE, 'a');
    assert.equal(Buffer.from(letter?.payload ?? []).toString('utf8'), 'payload of a');
    assert.equal(await broker.takeDeadLetter(QUEUE, 'a'), null);
    assert.deepEqual(await broker.holds(['a']), [false]);
    assert.deepEqual(await broker.deadLetters(QUEUE), []);
    assert.equal((await broker.size(QUEUE)).dead, 0);
    const [reply] = await push(broker, ['a']);
    assert.equal(reply?.known, false);
  });

  promise('does not cancel what is dead already', NEEDS, async (fixture) => {
    await bury(fixture, 'a');
    await fixture.broker.cancel(QUEUE, 'a');
    assert.deepEqual(await claimIds(fixture.broker), []);
    assert.deepEqual(
      (await fixture.broker.deadLetters(QUEUE)).map(({ id }) => id),
      ['a'],
    );
  });
}

async function bury({ broker }: BrokerFixture, id: string, remembered = false): Promise<void> {
  await push(broker, [id], { remembered });
  const { lease } = await claimOne(broker);
  assert.deepEqual(await broker.ack([{ lease, deadLetter: 'given up' }]), [true]);
}
