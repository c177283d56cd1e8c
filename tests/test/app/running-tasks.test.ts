import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError, RetryLater, TaskStatus, taskContext } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { deferred, openWorld, STORES } from '../../support/world.js';

const QUICK = { max: 3, delay: 1, jitter: false } as const;

function causes(count: number): Error {
  return new Error(`cause ${count}`, count > 1 ? { cause: causes(count - 1) } : {});
}

it('a worker that is told of work in vain, again and again, leaves the event loop to others', async () => {
  const world = openWorld('memory');
  const app = world.app();
  app.task('work', () => 1);
  let turns = 0;
  const told: number[] = [];
  let next: NodeJS.Immediate | undefined;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  const wait = world.broker.waitForWork.bind(world.broker);
  // Not for ever: nothing else would run where the promise is broken, not even the end of this test.
  world.broker.waitForWork = async (...args) => (told.push(turns) < 1_000 ? undefined : wait(...args));
  turn();
  await app.start();
  await vi.waitFor(() => expect(told.length).toBeGreaterThanOrEqual(1_000));
  clearImmediate(next);
  expect(new Set(told.slice(0, 1_000)).size).toBeGreaterThan(500);
});

describe.each(STORES)('a task on %s', (stores) => {
  it('returns its result to whoever awaits it', async () => {
    const app = openWorld(stores).app();
    const add = app.task('add', (a: number, b: number) => a + b);
    await app.start();
    const handle = await add.submit([2, 3]);
    expect(await handle.result()).toBe(5);
    expect(await handle.status()).toBe(TaskStatus.SUCCESS);
    expect(await add.call([4, 5])).toBe(9);
  });

  it('leaves a complete record', async () => {
    const app = openWorld(stores).app();
    const greet = app.task(
      'greet',
      { kwargs: true, queue: 'default' },
      async (name: string, kw: { polite: boolean }) => (kw.polite ? `Dear ${name}` : name),
    );
    await app.start();
    const handle = await greet.submit(['Ada'], { kwargs: { polite: true } });
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({
      taskId: handle.id,
      taskName: 'greet',
      queue: 'default',
      status: 'success',
      args: ['Ada'],
      kwargs: { polite: true },
      result: 'Dear Ada',
      attempt: 1,
      fence: 1,
      retries: 0,
      progress: null,
      retryOf: null,
      worker: expect.stringContaining(`-${process.pid}-`),
    });
    const { submittedAt, startedAt, finishedAt } = outcome;
    expect(Number(submittedAt)).toBeLessThanOrEqual(Number(startedAt));
    expect(Number(startedAt)).toBeLessThanOrEqual(Number(finishedAt));
    expect(await handle.get()).toEqual(outcome);
  });

  it('runs beside as many others as there are slots, and never beside more', async () => {
    const app = openWorld(stores).app({ executor: { ioWorkers: 5 } });
    let running = 0;
    const beside: number[] = [];
    const allSlots = deferred();
    const work = app.task('work', async (ms: number) => {
      beside.push(++running);
      if (running === 5) allSlots.resolve();
      await allSlots.promise;
      await sleep(ms);
      running--;
    });
    const handles = await work.submitMany(Array.from({ length: 60 }, (_, i) => [i % 4] as const));
    await app.start();
    await Promise.all(handles.map((handle) => handle.result()));
    expect(Math.max(...beside)).toBe(5);
  });

  it('gives null for undefined (SE-03)', async () => {
    const app = openWorld(stores).app();
    const nothing = app.task('nothing', () => undefined);
    await app.start();
    expect(await (await nothing.submit([])).outcome()).toMatchObject({ status: 'success', result: null });
  });

  it('keeps its arguments as they were submitted, whatever the handler does to them', async () => {
    const app = openWorld(stores).app();
    const spoil = app.task('spoil', (list: number[]) => list.push(99));
    await app.start();
    expect(await (await spoil.submit([[1]])).outcome()).toMatchObject({ args: [[1]], result: 2 });
  });

  it.each([
    [[]],
    [[{}]],
    [[{ a: [] }]],
    [['9007199254740993']],
    [[' \u2028 é 😀']],
    [[JSON.parse('{"__proto__":{"x":1}}')]],
  ])('carries %j unchanged, through a retry as well (SE-04, SE-07)', async (args) => {
    const app = openWorld(stores).app();
    const echo = app.task('echo', { retries: { ...QUICK, max: 1 } }, (...given: unknown[]) => {
      if (taskContext().attempt === 1) throw new Error('again');
      return given;
    });
    await app.start();
    expect(JSON.stringify(await echo.call(args))).toBe(JSON.stringify(args));
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('is tried again after a failure, and says how often', async () => {
    const app = openWorld(stores).app();
    const statuses: string[] = [];
    app.on('retrying', ({ attempt, error }) => statuses.push(`${attempt} ${error.message}`));
    const flaky = app.task('flaky', { retries: QUICK }, () => {
      const { attempt } = taskContext();
      if (attempt < 3) throw new Error(`attempt ${attempt}`);
      return attempt;
    });
    await app.start();
    expect(await (await flaky.submit([])).outcome()).toMatchObject({ result: 3, attempt: 3, retries: 2, fence: 3 });
    expect(statuses).toEqual(['1 attempt 1', '2 attempt 2']);
  });

  it('fails when its retries are used up, with the last error', async () => {
    const app = openWorld(stores).app();
    const handler = vi.fn(() => {
      throw Object.assign(new RangeError('always'), { code: 'E_ALWAYS', cause: new Error('why') });
    });
    const broken = app.task('broken', { retries: { ...QUICK, max: 2 } }, handler);
    await app.start();
    const handle = await broken.submit([]);
    await expect(handle.result()).rejects.toMatchObject({
      code: 'TASK_FAILED',
      taskId: handle.id,
      taskName: 'broken',
      error: { name: 'RangeError', message: 'always', code: 'E_ALWAYS', cause: { message: 'why' } },
    });
    expect(handler).toHaveBeenCalledTimes(3);
  });

  it('is not tried again after a PermanentError', async () => {
    const app = openWorld(stores).app();
    const handler = vi.fn(() => {
      throw new PermanentError('no use');
    });
    const hopeless = app.task('hopeless', { retries: QUICK }, handler);
    await app.start();
    await expect(hopeless.call([])).rejects.toMatchObject({ code: 'TASK_FAILED', error: { code: 'PERMANENT' } });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('comes back when RetryLater says, not when its policy says', async () => {
    const app = openWorld(stores).app();
    const delays: number[] = [];
    app.on('retrying', ({ delay }) => delays.push(delay));
    const later = app.task('later', { retries: { max: 1, delay: '1h' } }, () => {
      if (taskContext().attempt === 1) throw new RetryLater('30ms');
      return 'done';
    });
    await app.start();
    expect(await later.call([])).toBe('done');
    expect(delays).toEqual([30]);
  });

  it.each([
    ['a string', () => 'boom', 'boom'],
    ['undefined', () => undefined, 'undefined'],
    [
      'an object with a cycle',
      () => {
        const o: Record<string, unknown> = {};
        o.self = o;
        return o;
      },
      '[object Object]',
    ],
    [
      'an error whose message cannot be read',
      () =>
        Object.defineProperty(new Error(), 'message', {
          get() {
            throw new Error('no');
          },
        }),
      'failed',
    ],
    ['an AggregateError', () => new AggregateError([new Error('one')], 'many'), 'many'],
    ['an error with fifty causes', () => causes(50), 'cause 50'],
  ])('that throws %s ends as failed with something to read (EX-01)', async (_what, make, text) => {
    const app = openWorld(stores).app();
    const thrower = app.task('thrower', { retries: 0 }, () => {
      throw make();
    });
    await app.start();
    expect(await (await thrower.submit([])).outcome()).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining(text) },
    });
  });

  it('that throws an error of many megabytes keeps 16 KB of it, and says so (SE-06)', async () => {
    const app = openWorld(stores).app();
    const thrower = app.task('thrower', { retries: 0 }, () => {
      const error = new Error('m'.repeat(1_000_000));
      throw Object.assign(error, { stack: 's'.repeat(10_000_000), cause: error });
    });
    await app.start();
    const outcome = await (await thrower.submit([])).outcome();
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/^m{1000}/), truncated: true },
    });
    expect(JSON.stringify(outcome.status === 'failed' && outcome.error).length).toBeLessThanOrEqual(16 * 1024);
  });

  it.each([
    ['a function', () => () => 1, 'result'],
    ['a BigInt', () => ({ big: 1n }), 'result.big'],
    ['a Date', () => [new Date()], 'result[0]'],
    [
      'a cycle',
      () => {
        const list: unknown[] = [];
        list.push(list);
        return { list };
      },
      'result.list[0]',
    ],
    ['a stream', () => ({ body: Readable.from([]) }), 'result.body'],
  ])('that returns %s fails without a retry, naming the place (EX-04)', async (_what, handler, path) => {
    const app = openWorld(stores).app();
    const attempts = vi.fn(handler);
    const odd = app.task('odd', { retries: QUICK }, attempts);
    await app.start();
    const outcome = await (await odd.submit([])).outcome();
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { code: 'NOT_SERIALIZABLE', message: expect.stringContaining(path) },
    });
    expect(attempts).toHaveBeenCalledTimes(1);
  });

  it('whose result is over the limit fails and says so (SE-05)', async () => {
    const app = openWorld(stores).app({ maxPayloadBytes: 1_000 });
    const big = app.task('big', () => 'x'.repeat(2_000));
    await app.start();
    expect(await (await big.submit([])).outcome()).toMatchObject({
      status: 'failed',
      error: { code: 'PAYLOAD_TOO_LARGE' },
    });
  });

  it('is passed on by a worker that does not know it, to one that does (BK-16)', async () => {
    const world = openWorld(stores);
    const [old, current] = [world.app(), world.app()];
    old.task('other', () => 'other');
    const deferred = vi.fn();
    old.on('released', deferred);
    await old.start();
    const fresh = current.task('fresh', () => 'known here');
    const handle = await fresh.submit([]);
    await vi.waitFor(() => expect(deferred).toHaveBeenCalledWith(expect.objectContaining({ reason: 'deferred' })));
    await old.stop();
    await current.start();
    expect(await handle.outcome()).toMatchObject({ status: 'success', result: 'known here', attempt: 1 });
  });
});
