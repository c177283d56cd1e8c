import assert from 'node:assert/strict';
import type { BaseBroker, Claim, ClaimRequest, OpenClaim } from '../../brokers/base-broker.js';
import { breathe, eventually, soon } from '../expectations.js';
import { ack, claim, claimIds, LEASE, push, QUEUE } from './broker-steps.js';
import type { BrokerPromise } from './describe-broker.js';

const NEEDS = ['openClaims'] as const;

export function stayingOpen(promise: BrokerPromise): void {
  promise('stays open only when it finds nothing, and when it may', { needs: NEEDS }, async ({ broker }) => {
    const { open, over } = await stayOpen(broker);
    open.close();
    await soon(over, 'the end of the claim');
    assert.equal((await claim(broker)).open, undefined);
    await push(broker, ['a']);
    assert.equal((await claim(broker, { mayStayOpen: true })).open, undefined);
  });

  promise('hands out what is pushed, once, as any claim does', { needs: NEEDS }, async ({ broker }) => {
    const { heard, heardAll } = await stayOpen(broker);
    const [reply] = await push(broker, ['a'], { remembered: true, origin: 'submitter' });
    await heardAll(['a']);
    const [{ lease, startedAt, ...one }] = heard as [Claim];
    assert.deepEqual(one, {
      verdict: 'run',
      payload: 'payload of a',
      attempt: 1,
      crashes: 0,
      submittedAt: reply?.submittedAt,
      deferredSince: null,
    });
    assert.ok(startedAt >= one.submittedAt);
    assert.deepEqual(await claimIds(broker), []);
    assert.equal((await broker.size(QUEUE)).running, 1);
    assert.deepEqual(await broker.extend([lease], LEASE), ['held']);
    await ack(broker, lease);
    assert.deepEqual(await broker.size(QUEUE), { waiting: 0, delayed: 0, running: 0, dead: 0 });
  });

  promise('goes on, one push after the other, in order', { needs: NEEDS }, async ({ broker }) => {
    const { heardAll } = await stayOpen(broker, { keepsAll: true });
    await push(broker, ['a', 'b']);
    await heardAll(['a', 'b']);
    await push(broker, ['c']);
    await heardAll(['a', 'b', 'c']);
  });

  promise('keeps what comes before anybody hears it', { needs: NEEDS }, async ({ broker }) => {
    const open = await openClaim(broker);
    await push(broker, ['a']);
    await breathe(() => broker.size(QUEUE));
    await hear(open, { count: 100 }).heardAll(['a']);
  });

  promise('brings no more than its slots take; the rest waits', { needs: NEEDS }, async ({ broker }) => {
    const { heardAll, over } = await stayOpen(broker, { count: 2 });
    await push(broker, ['a', 'b', 'c']);
    await heardAll(['a', 'b']);
    await soon(over, 'the end of the claim');
    assert.deepEqual(await claimIds(broker), ['c']);
  });

  promise('brings nothing more once it is closed', { needs: NEEDS }, async ({ broker }) => {
    const { open, heard, over } = await stayOpen(broker);
    open.close();
    open.close();
    await soon(over, 'the end of the claim');
    await push(broker, ['a']);
    assert.deepEqual(await claimIds(broker), ['a']);
    assert.deepEqual(heard, []);
  });

  promise('loses nothing that is pushed while it is closed', { needs: NEEDS }, async ({ broker }) => {
    for (let i = 0; i < 20; i++) {
      const { open, heard, over } = await stayOpen(broker);
      const pushed = push(broker, [`a${i}`, `b${i}`]);
      for (let turns = i % 4; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      open.close();
      await Promise.all([pushed, soon(over, 'the end of the claim')]);
      const ids = [...heard.map(({ lease }) => lease.id), ...(await claimIds(broker))];
      assert.deepEqual(ids.sort(), [`a${i}`, `b${i}`]);
    }
  });

  promise('leaves alone what is in another queue or lane, or is not due', { needs: NEEDS }, async ({ broker }) => {
    const { open, heard, over } = await stayOpen(broker);
    await push(broker, ['cpu'], { lane: 'cpu' });
    await push(broker, ['other'], { queue: 'other' });
    await push(broker, ['later'], { runAt: { after: 60_000 } });
    await breathe(() => broker.size(QUEUE));
    assert.deepEqual(heard, []);
    open.close();
    await soon(over, 'the end of the claim');
    assert.deepEqual(await claimIds(broker, { lane: 'cpu' }), ['cpu']);
    assert.deepEqual(await claimIds(broker, { queue: 'other' }), ['other']);
    assert.equal((await broker.size(QUEUE)).delayed, 1);
  });

  promise('hands nothing out while the queue is paused', { needs: ['openClaims', 'pause'] }, async ({ broker }) => {
    const { open, heard, over } = await stayOpen(broker);
    await broker.pause(QUEUE);
    await push(broker, ['a']);
    await breathe(() => broker.size(QUEUE));
    assert.deepEqual(heard, []);
    open.close();
    await soon(over, 'the end of the claim');
    await broker.resume(QUEUE);
    assert.deepEqual(await claimIds(broker), ['a']);
  });

  promise('wakes who waits for work when it cannot take all', { needs: NEEDS }, async ({ broker }) => {
    await stayOpen(broker, { count: 1 });
    const waiting = broker.waitForWork([QUEUE], { signal: new AbortController().signal });
    await breathe(() => broker.size(QUEUE));
    await push(broker, ['a', 'b']);
    await soon(waiting, 'waking up for work');
    assert.equal((await claimIds(broker)).length, 1);
  });

  promise('brings what another process pushes', { needs: ['openClaims', 'second'] }, async ({ broker, second }) => {
    const other = await second();
    const { heardAll } = await stayOpen(other);
    await push(broker, ['a']);
    await heardAll(['a']);
    assert.deepEqual(await claimIds(broker), []);
  });

  promise('brings each message to one of several workers', { needs: ['openClaims', 'second'] }, async (fixture) => {
    const { broker } = fixture;
    const workers = [
      await stayOpen(broker, { keepsAll: true }),
      await stayOpen(await fixture.second(), { keepsAll: true, worker: 'worker-2' }),
    ];
    const ids = Array.from({ length: 30 }, (_, i) => `m${i}`);
    for (const id of ids) await push(broker, [id]);
    const heard: string[] = [];
    await eventually('all messages', async () => {
      for (const { open, over } of workers) {
        open.close();
        await over;
      }
      heard.push(...workers.flatMap((worker) => worker.heard.splice(0).map(({ lease }) => lease.id)));
      heard.push(...(await claimIds(broker)));
      return heard.length >= ids.length;
    });
    assert.deepEqual(heard.sort(), ids.sort());
  });
}

interface OpenedClaim {
  readonly open: OpenClaim;
  readonly heard: Claim[];
  /** Resolves when nothing more comes. */
  readonly over: Promise<void>;
  /** Waits until exactly these have come. */
  heardAll(ids: readonly string[]): Promise<void>;
}

/** `keepsAll`: its slots are never taken. */
async function stayOpen(
  broker: BaseBroker,
  { keepsAll = false, count = 100, ...request }: Partial<ClaimRequest> & { keepsAll?: boolean } = {},
): Promise<OpenedClaim> {
  return hear(await openClaim(broker, { count, ...request }), { count, keepsAll });
}

/** A claim that stays open; a broker may need some tries until it hears answers. */
async function openClaim(broker: BaseBroker, request: Partial<ClaimRequest> = {}): Promise<OpenClaim> {
  let open: OpenClaim | undefined;
  await eventually('a claim that stays open', async () => {
    open ??= (await claim(broker, { mayStayOpen: true, ...request })).open;
    return open !== undefined;
  });
  assert.ok(open);
  return open;
}

function hear(open: OpenClaim, { count, keepsAll = false }: { count: number; keepsAll?: boolean }): OpenedClaim {
  const heard: Claim[] = [];
  const over = open.hear(
    (claims) => heard.push(...claims),
    () => (keepsAll ? count : count - heard.length),
  );
  const heardAll = async (ids: readonly string[]): Promise<void> => {
    await eventually(`hearing of ${ids.join(', ')}`, async () => heard.length >= ids.length);
    assert.deepEqual(
      heard.map(({ lease }) => lease.id),
      ids,
    );
  };
  return { open, heard, over, heardAll };
}
