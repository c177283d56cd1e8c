import assert from 'node:assert/strict';
import { ack, claim, claimIds, claimOne, message, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

export function pushing(promise: BrokerPromise): void {
  promise('takes messages in and says when, in their order', async ({ broker }) => {
    const replies = await push(broker, ['a', 'b', 'c']);
    assert.deepEqual(
      replies.map(({ known }) => known),
      [false, false, false],
    );
    for (const { submittedAt } of replies) assert.ok(Number.isInteger(submittedAt) && submittedAt > 0);
    assert.deepEqual(
      (await claim(broker)).claims.map(({ submittedAt }) => submittedAt),
      replies.map(({ submittedAt }) => submittedAt),
    );
  });

  promise('takes the time from the clock of the store', { needs: ['advance'] }, async ({ broker, advance }) => {
    const [first] = await push(broker, ['a']);
    await advance(1_234);
    const [second] = await push(broker, ['b']);
    assert.equal((second?.submittedAt ?? 0) - (first?.submittedAt ?? 0), 1_234);
    await advance(1_000);
    const claimed = await claimOne(broker);
    assert.equal(claimed.submittedAt, first?.submittedAt);
    assert.equal(claimed.startedAt - claimed.submittedAt, 2_234);
  });

  promise('takes nothing for no messages', async ({ broker }) => {
    assert.deepEqual(await broker.push([]), []);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 0, delayed: 0, running: 0, dead: 0 });
  });

  promise('tells a worker all that it must know', async ({ broker }) => {
    await push(broker, ['a']);
    const claimed = await claimOne(broker);
    const { id, queue, lane, fence } = claimed.lease;
    assert.deepEqual(
      { ...claimed, submittedAt: 0, startedAt: 0, lease: { id, queue, lane, fence: 0 } },
      {
        lease: { id: 'a', queue: QUEUE, lane: 'io', fence: 0 },
        verdict: 'run',
        payload: 'payload of a',
        attempt: 1,
        crashes: 0,
        submittedAt: 0,
        startedAt: 0,
        deferredSince: null,
      },
    );
    assert.ok(fence >= 1);
  });

  promise('keeps the bytes of a payload through claim, retry, crash and requeue (SE-07)', async ({ broker }) => {
    const payloads = [
      '[]',
      '{}',
      '{"a":[]}',
      '["9007199254740993",1e400,-0]',
      '{"__proto__":{"polluted":true}}',
      'not | json\r\n\t"\\ \u2028 ü 🚀 \u007f\u0001',
      '',
      'x'.repeat(300_000),
    ];
    await broker.push(payloads.map((payload, i) => message(`p${i}`, { payload })));
    for (const reason of ['failed', 'stopped', 'deferred'] as const) {
      const { claims } = await claim(broker);
      const byId = new Map(claims.map((one) => [one.lease.id, one.payload]));
      assert.deepEqual(
        payloads.map((_, i) => byId.get(`p${i}`)),
        payloads,
      );
      for (const { lease } of claims) await broker.release(lease, { runAt: null, reason });
    }
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  promise('keeps queues and ids apart that look alike', async ({ broker }) => {
    const names = ['default', 'Default', 'default:1', 'constructor', 'a/b', 'a.b'];
    await broker.push(names.map((name) => message(`id-${name}`, { queue: name })));
    for (const name of names) assert.deepEqual(await claimIds(broker, { queue: name }), [`id-${name}`]);
    assert.deepEqual(await broker.holds(['id-default', 'ID-default', 'constructor', 'id-']), [
      true,
      false,
      false,
      false,
    ]);
  });

  promise('counts messages by what they do', async ({ broker }) => {
    await push(broker, ['w1', 'w2', 'r1', 'r2', 'e']);
    await push(broker, ['d1', 'd2'], { runAt: { after: 60_000 } });
    await push(broker, ['elsewhere'], { queue: 'other' });
    const { claims } = await claim(broker, { count: 3 });
    const [ended] = claims;
    assert.ok(ended);
    await ack(broker, ended.lease);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 2, delayed: 2, running: 2, dead: 0 });
    assert.deepEqual(await broker.size('other'), { waiting: 1, delayed: 0, running: 0, dead: 0 });
    assert.deepEqual(await broker.size('empty'), { waiting: 0, delayed: 0, running: 0, dead: 0 });
  });

  promise('holds a message from push to ack', async ({ broker }) => {
    await push(broker, ['a']);
    await push(broker, ['d'], { runAt: { after: 60_000 } });
    assert.deepEqual(await broker.holds(['a', 'b', 'd']), [true, false, true]);
    const { lease } = await claimOne(broker);
    assert.deepEqual(await broker.holds(['a']), [true]);
    await ack(broker, lease);
    assert.deepEqual(await broker.holds(['a']), [false]);
  });
}
