import { taskContext } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { deferred, openWorld, STORES } from '../../support/world.js';

describe.each(STORES)('stopping on %s', (stores) => {
  it('lets what runs finish, and claims nothing more (SH-01)', async () => {
    const world = openWorld(stores);
    const app = world.app({ executor: { ioWorkers: 2 } });
    const release = deferred();
    const started: number[] = [];
    const work = app.task('work', async (n: number) => {
      started.push(n);
      await release.promise;
      return n;
    });
    const handles = await work.submitMany([[1], [2], [3]]);
    await app.start();
    await vi.waitFor(() => expect(started).toEqual([1, 2]));
    const stopped = app.stop({ grace: '10s' });
    release.resolve();
    await stopped;
    const observer = world.app();
    expect(await observer.get(handles[0]?.id ?? '')).toMatchObject({ status: 'success', result: 1 });
    expect(await observer.get(handles[1]?.id ?? '')).toMatchObject({ status: 'success', result: 2 });
    expect(await observer.queueSize('default')).toMatchObject({ waiting: 1, running: 0 });
    expect(started).toEqual([1, 2]);
  });

  it('claims nothing more from the call of stop() on, however long a service takes to stop (SH-01)', async () => {
    const world = openWorld(stores);
    const app = world.app({ executor: { ioWorkers: 1 } });
    const [begun, release, serviceMayStop] = [deferred(), deferred(), deferred()];
    app.use({ start: async () => {}, stop: () => serviceMayStop.promise });
    const started: number[] = [];
    const work = app.task('work', async (n: number) => {
      started.push(n);
      begun.resolve();
      await release.promise;
    });
    const [first] = await work.submitMany([[1], [2]]);
    await app.start();
    await begun.promise;
    const stopped = app.stop();
    release.resolve();
    await first?.outcome();
    serviceMayStop.resolve();
    await stopped;
    expect(started).toEqual([1]);
    expect(await world.app().queueSize('default')).toMatchObject({ waiting: 1, running: 0 });
  });

  it('claims nothing at all when it comes while the app starts (SH-01)', async () => {
    const world = openWorld(stores);
    const app = world.app();
    const started: number[] = [];
    const work = app.task('work', async (n: number) => void started.push(n));
    await work.submit([1]);
    const starting = app.start();
    const stopped = app.stop();
    await Promise.allSettled([starting, stopped]);
    expect(started).toEqual([]);
    expect(await world.app().queueSize('default')).toMatchObject({ waiting: 1, running: 0 });
  });

  it('hands back what does not finish in time, without counting it as a failure (SH-02)', async () => {
    const world = openWorld(stores);
    const [leaving, staying] = [world.app(), world.app()];
    const reason = deferred<unknown>();
    const started = deferred();
    const long = leaving.task('long', async () => {
      const { signal } = taskContext();
      started.resolve();
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          reason.resolve(signal.reason);
          reject(signal.reason);
        }),
      );
      return 'never';
    });
    staying.task('long', async () => taskContext().attempt);
    const handle = await staying.submit(long, []);
    await leaving.start();
    await started.promise;
    await leaving.stop({ grace: 50 });
    expect(await reason.promise).toMatchObject({ code: 'WORKER_STOPPING' });
    await staying.start();
    expect(await handle.outcome()).toMatchObject({ status: 'success', result: 1, attempt: 1, fence: 2 });
  });

  it('keeps leases alive while it drains (SH-03)', async () => {
    const world = openWorld(stores);
    const leaving = world.app({ executor: { lease: '300ms' } });
    const other = world.app({ executor: { lease: '300ms' } });
    const runs: number[] = [];
    const handler = async () => {
      runs.push(taskContext().fence);
      await new Promise((resolve) => setTimeout(resolve, 1_200));
    };
    const long = leaving.task('long', handler);
    other.task('long', handler);
    const handle = await long.submit([]);
    await leaving.start();
    await vi.waitFor(() => expect(runs).toEqual([1]));
    await other.start();
    await leaving.stop({ grace: '10s' });
    expect(await other.handle(long, handle.id).outcome()).toMatchObject({ status: 'success', fence: 1 });
    expect(runs).toEqual([1]);
  });

  it('lets a running task submit others during the drain (SH-04)', async () => {
    const world = openWorld(stores);
    const app = world.app();
    const child = app.task('child', { queue: 'later' }, () => 'child');
    const stopping = deferred();
    const parent = app.task('parent', async () => {
      await stopping.promise;
      return (await child.submit([])).id;
    });
    await app.start();
    const handle = await parent.submit([]);
    await vi.waitFor(async () => expect(await handle.status()).toBe('running'));
    const stopped = app.stop({ grace: '10s' });
    stopping.resolve();
    await stopped;
    const observer = world.app();
    const { result } = (await observer.handle(parent, handle.id).get()) as { result: string };
    expect(await observer.get(result)).toMatchObject({ status: 'pending', taskName: 'child' });
  });

  it('ends waits for tasks that have not ended, whoever made the stores', async () => {
    const app = openWorld(stores).app();
    const work = app.task('work', () => 1);
    const handle = await work.submit([], { delay: '1h' });
    await app.start();
    const results = [handle.result(), handle.result({ signal: new AbortController().signal })];
    const ends = results.map((result) => expect(result).rejects.toMatchObject({ code: 'STOPPED' }));
    await app.stop();
    await Promise.all(ends);
  });

  it('may be asked for more than once, at the same time as well, and ends the app (SH-06)', async () => {
    const app = openWorld(stores).app();
    const add = app.task('add', (a: number) => a);
    await app.start();
    await Promise.all([app.stop(), app.stop()]);
    await app.stop();
    await expect(add.submit([1])).rejects.toMatchObject({ code: 'STOPPED' });
    await expect(app.start()).rejects.toMatchObject({ code: 'STOPPED' });
  });
});
