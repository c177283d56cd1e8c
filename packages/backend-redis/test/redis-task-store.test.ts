import { systemClock, type TaskResult } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { claimOne, first, message, setup, success } from './setup.js';

describe('broker and backend as one', () => {
  it('carries a task from its submit to its awaited result', async () => {
    const { store: open } = setup();
    const store = await open();
    const task = message({ origin: 'app-1' });
    expect(await store.submit([task])).toEqual([{ known: false, submittedAt: expect.any(Number), recorded: true }]);
    expect(await store.get(task.id)).toMatchObject({
      status: 'pending',
      taskName: 'add',
      args: [1, 2],
      attempt: 1,
      fence: 0,
    });
    const awaited = store.waitFor(task.id);
    const { claims } = await store.claim(claimOne);
    expect(await store.get(task.id)).toMatchObject({ status: 'running', worker: 'worker-1', fence: 1 });
    expect(await store.finish(first(claims), success({ sum: 3 }))).toBe(true);
    expect(await awaited).toMatchObject({ status: 'success', result: { sum: 3 }, attempt: 1, fence: 1 });
    expect(await store.holds([task.id])).toEqual([false]);
  });

  it('answers a finish that is repeated because its reply was lost as it did the first time', async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    const { store: open } = setup();
    const store = await open({ broker: { clock }, backend: { clock } });
    await store.submit([message()]);
    const task = first((await store.claim(claimOne)).claims);
    expect(await store.finish(task, success(1))).toBe(true);
    now += 5;
    expect(await store.finish(task, success(1))).toBe(true);
    expect(await store.finish(task, success(2))).toBe(false);
  });

  it('counts the end from the start on the clock of the server and what the worker measured since', async () => {
    const { store: open } = setup();
    const store = await open({ backend: { ttl: '1h' } });
    await store.submit([message({ id: 'a' })]);
    const task = first((await store.claim(claimOne)).claims);
    const heardAt = performance.now();
    await expect.poll(() => performance.now() - heardAt).toBeGreaterThan(50);
    expect(await store.finish(task, success(1))).toBe(true);
    const atMost = performance.now() - heardAt + 1_000;
    const { startedAt, finishedAt } = (await store.get('a')) ?? {};
    expect(startedAt?.getTime()).toBe(task.startedAt);
    expect(Number(finishedAt) - Number(startedAt)).toBeGreaterThanOrEqual(50);
    expect(Number(finishedAt) - Number(startedAt)).toBeLessThan(atMost);
  });

  it('removes a result in the end that lives longer than its time was noted, as when a clock was set', async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    const { store: open, client, key } = setup();
    const store = await open({ broker: { clock }, backend: { clock, ttl: 5_000 } });
    await store.submit([message({ id: 'a' })]);
    expect(await store.finish(first((await store.claim(claimOne)).claims), success(1))).toBe(true);
    const noted = now + 5_000;
    expect(await client.zrange(key('expiry'), 0, -1, 'WITHSCORES')).toEqual(['a', String(noted)]);
    const record = String(await client.hget(key('tasks'), 'a'));
    await client.hset(key('tasks'), 'a', record.replace(String(noted), String(noted + 300)));

    now = noted + 100;
    expect(await store.listByStatus('success')).toMatchObject([{ taskId: 'a' }]);
    expect(await client.zrange(key('expiry'), 0, -1, 'WITHSCORES')).toEqual(['a', String(noted + 300)]);
    now = noted + 300;
    expect(await store.listByStatus('success')).toEqual([]);
    expect(await client.exists(key('tasks'), key('expiry'), key('status:success'))).toBe(0);
  });

  it('removes each result in its time, though one that was noted before lives longer, as when the option was changed', async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    const { store: open, client, key } = setup();
    const [before, after] = [
      await open({ broker: { clock }, backend: { clock, ttl: '7d' } }),
      await open({ broker: { clock }, backend: { clock, ttl: '1m' } }),
    ];
    for (const [store, id] of [
      [before, 'long'],
      [after, 'short'],
    ] as const) {
      await store.submit([message({ id })]);
      expect(await store.finish(first((await store.claim(claimOne)).claims), success(1))).toBe(true);
    }
    now += 60_000;
    await after.claim(claimOne);
    expect(await client.hkeys(key('tasks'))).toEqual(['long']);
  });

  it('refuses an end after the lease, even if nobody else has the task, by itself or along with a claim (BI-4)', async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    const { store: open } = setup();
    const store = await open({ broker: { clock }, backend: { clock } });
    await store.submit([message({ id: 'a' })]);
    const task = first((await store.claim(claimOne)).claims);
    now += claimOne.leaseMs;
    expect(await store.finish(task, success(1))).toBe(false);
    const late = store.finish(task, success(1));
    await store.claim({ ...claimOne, queue: 'another' });
    expect(await late).toBe(false);
    expect(await store.get('a')).not.toMatchObject({ status: 'success' });
  });

  it('takes a task from its holder when somebody stores how it ended, even if its record is damaged', async () => {
    const { store: open, client, key } = setup();
    const store = await open();
    await store.submit([message({ id: 'a' })]);
    const held = first((await store.claim(claimOne)).claims);
    const running = await store.get('a');
    await client.hset(key('tasks'), 'a', 'damaged');
    const ended = { ...running, status: 'success', result: 'from outside', finishedAt: new Date() } as TaskResult;
    expect(await store.backend.store('a', ended)).toBe(true);
    expect(await store.finish(held, success('by its holder'))).toBe(false);
    expect(await store.get('a')).toMatchObject({ result: 'from outside' });
    expect(await client.get(key('held'))).toBe('0');
  });

  it('carries out an end before the claim that is asked for after it', async () => {
    const { store: open } = setup();
    const store = await open();
    await store.submit([message(), message()]);
    const task = first((await store.claim(claimOne)).claims);
    const order: string[] = [];
    const ended = store.finish(task, success(1)).then(() => order.push('ended'));
    const claimed = store.claim(claimOne).then(() => order.push('claimed'));
    await Promise.all([claimed, ended]);
    expect(order).toEqual(['ended', 'claimed']);
  });

  it('keeps the payload byte by byte through claim, retry and end (SE-07)', async () => {
    const { store: open, client, key } = setup();
    const store = await open();
    const payload = '[1,"t",[[],{},{"a":[]},"9007199254740993",1.0,"\\u00e9é\ud83d\ude00"],{"retries":[3,1,0,1,0]}]';
    await store.submit([message({ id: 'x', payload })]);
    const once = first((await store.claim(claimOne)).claims);
    expect(once.payload).toBe(payload);
    await store.retry(once, { runAt: { after: 0 }, error: { name: 'Error', message: 'no|\n' } });
    expect(await store.get('x')).toMatchObject({ status: 'retrying', attempt: 2, error: { message: 'no|\n' } });
    const twice = first((await store.claim(claimOne)).claims);
    expect(twice).toMatchObject({ payload, attempt: 2, lease: { fence: 2 } });
    await store.finish(twice, success(1));
    expect((await client.hgetBuffer(key('tasks'), 'x'))?.includes(Buffer.from(payload))).toBe(true);
  });
});
