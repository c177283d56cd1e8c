import { type TaskEventName, taskContext } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { deferred, openWorld, STORES } from '../../support/world.js';

describe.each(STORES)('watching a task on %s', (stores) => {
  it('shows what the handler reports, while it runs and afterwards', async () => {
    const app = openWorld(stores).app();
    const release = deferred();
    const copy = app.task('copy', async () => {
      taskContext().progress({ done: 1, of: 3 });
      await release.promise;
      taskContext().progress({ done: 3, of: 3 });
    });
    await app.start();
    const handle = await copy.submit([]);
    await vi.waitFor(async () => expect(await handle.progress()).toEqual({ done: 1, of: 3 }));
    expect(await handle.status()).toBe('running');
    release.resolve();
    expect(await handle.outcome()).toMatchObject({ progress: { done: 3, of: 3 } });
  });

  it('refuses progress that is no JSON, in the handler', async () => {
    const app = openWorld(stores).app();
    const odd = app.task('odd', { retries: 0 }, () => taskContext().progress(new Date() as never));
    await app.start();
    expect(await (await odd.submit([])).outcome()).toMatchObject({
      error: { code: 'NOT_SERIALIZABLE', message: expect.stringContaining('progress') },
    });
  });

  it('tells of every step by an event, in order', async () => {
    const app = openWorld(stores).app();
    const seen: string[] = [];
    const names: TaskEventName[] = [
      'submitted',
      'started',
      'progress',
      'retrying',
      'finished',
      'released',
      'leaseLost',
    ];
    for (const name of names)
      app.on(name, (event) => seen.push(`${name} ${'attempt' in event ? event.attempt : ''}`.trim()));
    const flaky = app.task('flaky', { retries: { max: 1, delay: 1 } }, () => {
      taskContext().progress(taskContext().attempt);
      if (taskContext().attempt === 1) throw new Error('again');
    });
    await app.start();
    await flaky.call([]);
    await vi.waitFor(() =>
      expect(seen).toEqual([
        'submitted',
        'started 1',
        'progress 1',
        'retrying 1',
        'started 2',
        'progress 2',
        'finished 2',
      ]),
    );
  });

  it('is not disturbed by a listener that throws, and ends with the subscription', async () => {
    const app = openWorld(stores).app();
    const listener = vi.fn(() => {
      throw new Error('bad listener');
    });
    const off = app.on('finished', listener);
    const add = app.task('add', (a: number) => a);
    await app.start();
    expect(await add.call([1])).toBe(1);
    await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(1));
    off();
    expect(await add.call([2])).toBe(2);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('lists tasks by status, newest first, page by page', async () => {
    const app = openWorld(stores).app({ executor: { ioWorkers: 1 } });
    const release = deferred();
    const hold = app.task('hold', () => release.promise);
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await hold.submit([])).id);
    const delayed = await hold.submit([], { delay: '1h' });
    await app.start();
    await vi.waitFor(async () => expect(await app.listByStatus('running')).toHaveLength(1));
    const pending = await app.listByStatus('pending');
    expect(new Set(pending.map(({ taskId }) => taskId))).toEqual(new Set([...ids.slice(1), delayed.id]));
    const times = pending.map(({ submittedAt }) => Number(submittedAt));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    const pages = [
      await app.listByStatus('pending', { limit: 2 }),
      await app.listByStatus('pending', { limit: 10, offset: 2 }),
    ];
    expect(pages.flat()).toEqual(pending);
    release.resolve();
    await vi.waitFor(async () => expect(await app.listByStatus('success')).toHaveLength(5));
    expect(await app.listByStatus('pending')).toHaveLength(1);
    await expect(app.listByStatus('done' as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('wraps submits and attempts in middleware, the first one outermost', async () => {
    const app = openWorld(stores).app();
    const trace: string[] = [];
    for (const name of ['outer', 'inner']) {
      app.use({
        async submit(call, next) {
          trace.push(`${name} submit ${call.task.name}`);
          return next({ ...call, args: [...call.args, name] });
        },
        async execute(call, next) {
          trace.push(`${name} before ${call.context.attempt}`);
          const value = await next();
          trace.push(`${name} after`);
          return `${String(value)}<${name}`;
        },
      });
    }
    const join = app.task('join', (...parts: string[]) => parts.join('+'));
    await app.start();
    expect(await join.call(['a'])).toBe('a+outer+inner<inner<outer');
    expect(trace).toEqual([
      'outer submit join',
      'inner submit join',
      'outer before 1',
      'inner before 1',
      'inner after',
      'outer after',
    ]);
  });
});
