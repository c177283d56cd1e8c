import { setFlagsFromString } from 'node:v8';
import { type FailedTaskResult, taskContext } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import type * as handlers from '../../fixtures/cpu-handlers.mjs';
import { openWorld, STORES } from '../../support/world.js';

// Threads get little memory, so that filling it takes no time.
setFlagsFromString('--max-old-space-size=64');

const module = new URL('../../fixtures/cpu-handlers.mjs', import.meta.url);

describe.each(STORES)('a CPU task on %s', (stores) => {
  it('runs in a thread, with its context and progress', async () => {
    const app = openWorld(stores).app({ executor: { cpuWorkers: 1 } });
    const describeRun = app.cpuTask<typeof handlers.describeRun>('describeRun', { module, export: 'describeRun' });
    await app.start();
    const handle = await describeRun.submit(['x']);
    expect(await handle.outcome()).toMatchObject({
      status: 'success',
      progress: { at: 'x' },
      result: { id: handle.id, name: 'describeRun', attempt: 1, inThread: true, text: 'x' },
    });
  });

  it('ends as failed, in good time and for a stated reason, whatever its code does; the next one runs (EX-02, EX-03, EX-04)', async () => {
    // One thread: what runs next runs where the last one died.
    const app = openWorld(stores).app({ executor: { cpuWorkers: 1 } });
    const misbehave = app.cpuTask<typeof handlers.misbehave>('misbehave', {
      module,
      export: 'misbehave',
      retries: 0,
      // Starting a thread anew and filling its memory takes a busy machine a while.
      timeout: '60s',
    });
    const fibonacci = app.cpuTask<typeof handlers.fibonacci>('fibonacci', { module, export: 'fibonacci' });
    await app.start();
    const fate = async (how: Parameters<typeof handlers.misbehave>[0], timeout?: '500ms') => {
      const outcome = await (await misbehave.submit([how], { timeout })).outcome();
      return outcome.status === 'failed' ? outcome.error.code : outcome.status;
    };
    expect(await fate('exit 0')).toBe('CPU_THREAD_LOST');
    expect(await fate('exit 1')).toBe('CPU_THREAD_LOST');
    expect(await fate('memory')).toBe('CPU_THREAD_LOST');
    expect(await fate('timer')).toBe('CPU_THREAD_LOST');
    let ticks = 0;
    const ticker = setInterval(() => ticks++, 10);
    expect(await fate('loop', '500ms')).toBe('TASK_TIMEOUT');
    clearInterval(ticker);
    expect(ticks).toBeGreaterThan(10);
    expect(await fate('unserializable')).toBe('NOT_SERIALIZABLE');
    expect(await Promise.all([fibonacci.call([15]), fibonacci.call([16])])).toEqual([610, 987]);
  }, 120_000);

  it('is claimed only when a thread is free, so none loses its lease while it waits for one (EX-07)', async () => {
    const app = openWorld(stores).app({ executor: { cpuWorkers: 2, lease: '1s' } });
    const spin = app.cpuTask<typeof handlers.spin>('spin', { module, export: 'spin' });
    let most = 0;
    const held: Promise<number>[] = [];
    let running = 0;
    app.on('started', () => {
      most = Math.max(most, ++running);
      held.push(app.queueSize('default').then((size) => size.running));
    });
    app.on('finished', () => running--);
    const lost: unknown[] = [];
    app.on('leaseLost', (event) => lost.push(event));
    await app.start();
    // More than a lease of work for two threads: who waited in the pool would wait longer than it is held.
    const handles = await spin.submitMany(Array.from({ length: 50 }, (): [number] => [60]));
    const outcomes = await Promise.all(handles.map((handle) => handle.outcome()));
    expect(outcomes.map(({ fence }) => fence)).toEqual(Array(50).fill(1));
    expect(most).toBeLessThanOrEqual(2);
    expect(Math.max(...(await Promise.all(held)))).toBeLessThanOrEqual(2);
    expect(lost).toEqual([]);
  });

  it('takes keyword arguments, and is wrapped by middleware', async () => {
    const app = openWorld(stores).app({ executor: { cpuWorkers: 1 } });
    app.use({ execute: async ({ context }, next) => `${context.name}: ${String(await next())}` });
    const repeat = app.cpuTask<typeof handlers.repeat>('repeat', { module, export: 'repeat', kwargs: true });
    await app.start();
    expect(await repeat.call(['ab'], { kwargs: { times: 2 } })).toBe('repeat: abab');
  });

  it('shows middleware what it threw, and where', async () => {
    const app = openWorld(stores).app({ executor: { cpuWorkers: 1 } });
    const caught: unknown[] = [];
    app.use({
      async execute(_call, next) {
        return next().catch((err: unknown) => {
          caught.push(err);
          throw new Error('wrapped', { cause: err });
        });
      },
    });
    const refuse = app.cpuTask<typeof handlers.refuse>('refuse', { module, export: 'refuse', retries: 0 });
    await app.start();
    const { error } = (await (await refuse.submit([])).outcome()) as FailedTaskResult;
    const stack = expect.stringContaining('cpu-handlers.mjs');
    const thrown = { name: 'RangeError', message: 'refused', code: 'E_REFUSED', stack };
    expect(caught).toEqual([expect.any(Error)]);
    expect(caught[0]).toMatchObject({ ...thrown, cause: { name: 'Error', message: 'the reason' } });
    expect(error).toMatchObject({ message: 'wrapped', cause: { ...thrown, cause: { message: 'the reason' } } });
  });

  it('and an I/O task run side by side in one queue', async () => {
    const app = openWorld(stores).app({ executor: { cpuWorkers: 1 } });
    const fibonacci = app.cpuTask<typeof handlers.fibonacci>('fibonacci', { module, export: 'fibonacci' });
    const name = app.task('name', () => taskContext().name);
    await app.start();
    expect(await Promise.all([fibonacci.call([10]), name.call([])])).toEqual([55, 'name']);
  });
});
