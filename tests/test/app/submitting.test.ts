import { defineTask, type Flowrra, type JsonValue, type SubmitCall, type TaskHandle } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { deferred, openWorld, STORES } from '../../support/world.js';

/** An app with one slot, so that the order of runs is the order of claims. */
function recorder(app: Flowrra) {
  const seen: JsonValue[] = [];
  return { seen, record: app.task('record', (value: number | string) => void seen.push(value)) };
}

async function leavesNothing(app: Flowrra): Promise<void> {
  expect(await app.queueSize('default')).toMatchObject({ waiting: 0, delayed: 0 });
  expect(await app.listByStatus('pending')).toEqual([]);
}

describe.each(STORES)('submitting on %s', (stores) => {
  it('runs lower priorities first, first in first out inside one (BK-18)', async () => {
    const app = openWorld(stores).app({ executor: { ioWorkers: 1 } });
    const { seen, record } = recorder(app);
    const priorities = [5, 0, -5, 0, 100, -100, 5, -5];
    const handles = [];
    for (const [i, priority] of priorities.entries())
      handles.push(await record.submit([`${priority}/${i}`], { priority }));
    await app.start();
    await Promise.all(handles.map((handle) => handle.result()));
    expect(seen).toEqual(['-100/5', '-5/2', '-5/7', '0/1', '0/3', '5/0', '5/6', '100/4']);
  });

  it('runs a delayed task after its delay, and those without one before', async () => {
    const app = openWorld(stores).app();
    const { seen, record } = recorder(app);
    await app.start();
    const late = await record.submit(['late'], { delay: '300ms', expires: '1m' });
    const [runAt, expires] = [new Date(Date.now() + 600), new Date(Date.now() + 60_000)];
    const later = await record.submit(['later'], { runAt, expires });
    const now = await record.submit(['now']);
    await now.result();
    expect(await late.status()).toBe('pending');
    const [first, second] = [await late.outcome(), await later.outcome()];
    expect(seen).toEqual(['now', 'late', 'later']);
    expect(Number(first.startedAt) - Number(first.submittedAt)).toBeGreaterThanOrEqual(300);
    expect(Number(second.startedAt)).toBeGreaterThan(Number(first.startedAt));
  });

  it('fails a task that expired before anybody started it', async () => {
    const app = openWorld(stores).app();
    const { seen, record } = recorder(app);
    const handle = await record.submit(['stale'], { expires: 1 });
    await vi.waitFor(async () => expect(Date.now()).toBeGreaterThan(Number((await handle.get())?.submittedAt) + 5));
    await app.start();
    expect(await handle.outcome()).toMatchObject({ status: 'failed', error: { code: 'TASK_EXPIRED' } });
    expect(seen).toEqual([]);
  });

  it('enqueues a known id once and tells the others (BK-23)', async () => {
    const world = openWorld(stores);
    const app = world.app();
    const { seen, record } = recorder(app);
    const handles = await Promise.all(Array.from({ length: 20 }, (_, i) => record.submit([i], { id: 'import-2026' })));
    expect(handles.filter((handle) => !handle.known)).toHaveLength(1);
    await app.start();
    await Promise.all(handles.map((handle) => handle.result()));
    expect(seen).toHaveLength(1);
    expect(await record.submit([99], { id: 'import-2026' })).toMatchObject({ known: true });
  });

  it('takes many calls at once and gives their handles in order', async () => {
    const app = openWorld(stores).app();
    const double = app.task('double', (n: number) => n * 2);
    await app.start();
    const handles = await double.submitMany(Array.from({ length: 250 }, (_, i): [number] => [i]));
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(
      Array.from({ length: 250 }, (_, i) => i * 2),
    );
  });

  it.each([
    ['without middleware', undefined],
    ['with submit middleware', (call: SubmitCall, next: (call: SubmitCall) => Promise<TaskHandle>) => next(call)],
  ])('takes none of many calls when one of them is invalid, %s', async (_how, submit) => {
    const app = openWorld(stores).app();
    const { record } = recorder(submit ? app.use({ submit }) : app);
    const calls = [[1], [() => 1], [3]] as unknown as [number][];
    await expect(record.submitMany(calls)).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE', path: 'args[0]' });
    await leavesNothing(app);
  });

  it('lets each of many calls pass the middleware on its own: one that it refuses keeps no other back', async () => {
    const app = openWorld(stores).app();
    app.use({
      async submit(call, next) {
        if (call.args[0] === 2) throw new Error('refused');
        return next({ ...call, args: [Number(call.args[0]) * 10] });
      },
    });
    const { record, seen } = recorder(app);
    await app.start();
    await expect(record.submitMany([[1], [2], [3]])).rejects.toThrow('refused');
    await vi.waitFor(() => expect(seen.toSorted()).toEqual([10, 30]));
  });

  it('refuses what exceeds maxQueueSize, and leaves no record of it (BK-22)', async () => {
    const world = openWorld(stores, { maxQueueSize: 100 });
    const app = world.app();
    const producers = Array.from({ length: 50 }, () => recorder(world.app()).record);
    const tries = await Promise.allSettled(
      producers.flatMap((record) => Array.from({ length: 10 }, (_, i) => record.submit([i]))),
    );
    const refused = tries.filter((attempt) => attempt.status === 'rejected');
    expect(refused).toHaveLength(400);
    for (const { reason } of refused)
      expect(reason).toMatchObject({ code: 'QUEUE_FULL', queue: 'default', limit: 100 });
    expect(await app.queueSize('default')).toMatchObject({ waiting: 100 });
    expect(await app.listByStatus('pending', { limit: null })).toHaveLength(100);
  });

  it('refuses arguments that JSON does not keep, naming the place, before anything is written (SE-01, SE-02)', async () => {
    const app = openWorld(stores).app();
    const { record } = recorder(app);
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const values = [1n, cycle, () => 1, Symbol('s'), Number.NaN, Number.POSITIVE_INFINITY, -0, new Date(), new Map()];
    for (const value of [...values, Buffer.from('x'), { gone: undefined }]) {
      const path = expect.stringMatching(/^args\[0\]\.inside/);
      await expect(record.submit([{ inside: value }] as never)).rejects.toMatchObject({
        code: 'NOT_SERIALIZABLE',
        path,
      });
    }
    await leavesNothing(app);
  });

  it.each([
    ['two megabytes', ['x'.repeat(2 * 1024 * 1024)], {}, 'PAYLOAD_TOO_LARGE'],
    ['arguments that are no array', 'abc', {}, 'INVALID_ARGUMENT'],
    ['a priority of 1.5', ['a'], { priority: 1.5 }, 'INVALID_ARGUMENT'],
    ['a priority of 1e15', ['a'], { priority: 1e15 }, 'INVALID_ARGUMENT'],
    ['a priority of "1"', ['a'], { priority: '1' }, 'INVALID_ARGUMENT'],
    ['a priority of NaN', ['a'], { priority: Number.NaN }, 'INVALID_ARGUMENT'],
    ['a priority of 101', ['a'], { priority: 101 }, 'INVALID_ARGUMENT'],
    ['a delay without a unit', ['a'], { delay: '10' }, 'INVALID_ARGUMENT'],
    ['both delay and runAt', ['a'], { delay: 1, runAt: new Date() }, 'INVALID_ARGUMENT'],
    ['an expiry before the delay is over', ['a'], { delay: '1h', expires: '1h' }, 'INVALID_ARGUMENT'],
    ['an expiry before its date', ['a'], { runAt: new Date(2_000), expires: new Date(1_000) }, 'INVALID_ARGUMENT'],
    ['an invalid date', ['a'], { runAt: new Date('x') }, 'INVALID_ARGUMENT'],
    ['an unknown option', ['a'], { prio: 1 }, 'INVALID_CONFIG'],
    ['keyword arguments that are not declared', ['a'], { kwargs: {} }, 'INVALID_ARGUMENT'],
  ])('refuses %s before anything is written (BK-18, SE-05)', async (_what, args, options, code) => {
    const app = openWorld(stores).app();
    const { record } = recorder(app);
    await expect(record.submit(args as never, options as never)).rejects.toMatchObject({ code });
    await leavesNothing(app);
  });

  it('refuses ids and queues that do not fit the pattern, and says it; those that fit are kept apart (KY-01)', async () => {
    const app = openWorld(stores).app();
    const { record } = recorder(app);
    for (const name of [':', 'a*b', '*', '{}', '{a}', 'a\r\nb', 'a\n', '', ' ', 'ä', 'a|b', 'a'.repeat(10_240)]) {
      for (const what of ['id', 'queue'] as const) {
        await expect(record.submit(['a'], { [what]: name })).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('A-Z a-z 0-9 . _ : / @ -'),
        });
      }
    }
    await leavesNothing(app);
    for (const id of ['a:b', 'a/b', 'a@b', 'a', 'A']) await record.submit([id], { id, queue: `of:${id}` });
    for (const id of ['a:b', 'a/b', 'a@b', 'a', 'A']) {
      expect(await app.get(id)).toMatchObject({ taskId: id, queue: `of:${id}`, args: [id] });
      expect(await app.queueSize(`of:${id}`)).toMatchObject({ waiting: 1 });
    }
  });

  it('needs no start, and no code for a contract', async () => {
    const world = openWorld(stores);
    const contract = defineTask<(n: number) => number>('square', { queue: 'numbers' });
    const handle = await world.app().submit(contract, [7]);
    expect(await handle.status()).toBe('pending');
    const worker = world.app({ executor: { queues: ['numbers'] } });
    worker.implement(contract, (n) => n * n);
    await worker.start();
    expect(await worker.handle(contract, handle.id).result()).toBe(49);
  });

  it('keeps queues apart', async () => {
    const world = openWorld(stores);
    const app = world.app({ executor: { queues: ['mail'] } });
    const { seen, record } = recorder(app);
    await record.submit(['elsewhere'], { queue: 'images' });
    const mine = await record.submit(['mine'], { queue: 'mail' });
    await app.start();
    await mine.result();
    expect(seen).toEqual(['mine']);
    expect(await app.queueSize('images')).toMatchObject({ waiting: 1 });
  });

  it('is heard by a worker that found nothing to do before', async () => {
    const world = openWorld(stores);
    const worker = world.app({ executor: { pollInterval: '1h' } });
    const { seen } = recorder(worker);
    const idle = deferred();
    setTimeout(idle.resolve, 100);
    await worker.start();
    await idle.promise;
    const producer = world.app();
    const contract = defineTask<(value: string) => void>('record');
    await producer.submit(contract, ['wake up']);
    await vi.waitFor(() => expect(seen).toEqual(['wake up']), 5_000);
  });

  it('is heard by a worker in the middle of claims that come too early for it', async () => {
    const world = openWorld(stores);
    const worker = world.app({ executor: { pollInterval: '1h', ioWorkers: 8 } });
    const add = worker.task('add', (n: number) => n + 1);
    await worker.start();
    // A burst fills claims, so that two are under way when the next one comes: once in many times in the wrong moment.
    for (let burst = 0; burst < 200; burst++) {
      const calls = Array.from({ length: 1 + (burst % 13) }, (_, n) => add.call([n]));
      expect(await Promise.all(calls)).toEqual(calls.map((_, n) => n + 1));
    }
  });
});
