import { defineTask, taskContext } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { deferred, openWorld, STORES } from '../../support/world.js';

describe.each(STORES)('ending a task on %s', (stores) => {
  it('cancels one that waits, before anything else is run', async () => {
    const app = openWorld(stores).app({ executor: { ioWorkers: 1 } });
    const ran: string[] = [];
    const note = app.task('note', (name: string) => void ran.push(name));
    const first = await note.submit(['first']);
    const second = await note.submit(['second']);
    expect(await second.cancel()).toBe(true);
    await app.start();
    expect(await second.outcome()).toMatchObject({ status: 'cancelled', error: { code: 'TASK_CANCELLED' } });
    await first.result();
    expect(ran).toEqual(['first']);
    await expect(second.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED', taskId: second.id });
  });

  it('cancels one that waits in another queue than its contract names', async () => {
    const work = openWorld(stores)
      .app()
      .task('work', () => 1);
    const { id } = await work.submit([], { id: 'elsewhere', queue: 'other' });
    expect(await (await work.submit([], { id })).cancel()).toBe(true);
    expect(await work.handle(id).cancel()).toBe(true);
  });

  it('cancels one that is delayed for a day', async () => {
    const app = openWorld(stores).app();
    const note = app.task('note', () => 'ran');
    await app.start();
    const handle = await note.submit([], { delay: '1d' });
    expect(await handle.cancel()).toBe(true);
    expect(await handle.outcome()).toMatchObject({ status: 'cancelled' });
    // With results elsewhere, the message ends a moment after the task.
    await vi.waitFor(async () =>
      expect(await app.queueSize('default')).toMatchObject({ waiting: 0, delayed: 0, running: 0 }),
    );
  });

  it('cancels one that runs in another app, and its handler hears it', async () => {
    const world = openWorld(stores);
    const [producer, worker] = [world.app(), world.app()];
    const [started, heard] = [deferred(), deferred<unknown>()];
    const long = worker.task('long', async () => {
      const { signal } = taskContext();
      signal.addEventListener('abort', () => heard.resolve(signal.reason));
      started.resolve();
      await heard.promise;
    });
    await worker.start();
    const handle = await producer.submit(long, []);
    await started.promise;
    expect(await handle.cancel()).toBe(true);
    expect(await heard.promise).toMatchObject({ code: 'TASK_CANCELLED' });
    expect(await worker.handle(long, handle.id).outcome()).toMatchObject({ status: 'cancelled', attempt: 1 });
  });

  it('cancels one that is being claimed, without waiting for a heartbeat', async () => {
    const app = openWorld(stores).app({ executor: { lease: '1h' } });
    const endless = app.task(
      'endless',
      () =>
        new Promise<void>((resolve) => {
          taskContext().signal.addEventListener('abort', () => resolve(), { once: true });
        }),
    );
    await app.start();
    for (let i = 0; i < 20; i++) {
      const handle = await endless.submit([]);
      expect(await handle.cancel()).toBe(true);
      expect(await handle.outcome({ timeout: '10s' })).toMatchObject({ status: 'cancelled' });
    }
  });

  it('lets a result that comes first stand, and says that there was nothing to cancel', async () => {
    const app = openWorld(stores).app();
    const quick = app.task('quick', () => 'done');
    await app.start();
    const handle = await quick.submit([]);
    await handle.result();
    expect(await handle.cancel()).toBe(false);
    expect(await handle.result()).toBe('done');
    expect(await quick.handle('never-submitted').cancel()).toBe(false);
  });

  it('stops an attempt that runs too long, and tells a timeout from other failures (EX-06)', async () => {
    const app = openWorld(stores).app();
    const release = deferred();
    const reasons: unknown[] = [];
    const slow = app.task('slow', { timeout: '50ms', retries: { max: 1, delay: 1 } }, async () => {
      const { signal } = taskContext();
      await release.promise;
      reasons.push(signal.reason);
      // Late either way: a result, and an error that nobody may be troubled by.
      if (taskContext().attempt === 2) throw new Error('too late');
      return 'too late';
    });
    const ends: string[] = [];
    app.on('finished', ({ result }) => void ends.push(result.status));
    await app.start();
    const handle = await slow.submit([]);
    await expect(handle.result()).rejects.toMatchObject({
      name: 'TaskTimeoutError',
      code: 'TASK_TIMEOUT',
      error: { message: expect.stringContaining('50 ms') },
    });
    release.resolve();
    await vi.waitFor(() => expect(reasons).toHaveLength(2));
    expect(await handle.outcome()).toMatchObject({ status: 'failed', attempt: 2 });
    await vi.waitFor(() => expect(ends).toEqual(['failed']));
  });

  it('keeps the slot of a handler that ignores its signal, for one lease at most (EX-06)', async () => {
    const errors: string[] = [];
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (_data: object, message: string) => void errors.push(message),
    };
    const app = openWorld(stores).app({ logger, executor: { ioWorkers: 1, lease: '600ms' } });
    const forever = app.task('forever', { timeout: '20ms', retries: 0 }, () => new Promise<void>(() => {}));
    const next = app.task('next', () => performance.now());
    await app.start();
    const stuck = await forever.submit([]);
    await stuck.outcome();
    const timedOutAt = performance.now();
    expect(await next.call([])).toBeGreaterThanOrEqual(timedOutAt + 400);
    expect(errors).toContainEqual(expect.stringContaining('ignores its AbortSignal'));
  });

  it('stops waiting when the wait times out or is aborted; the task goes on (RB-03)', async () => {
    const app = openWorld(stores).app();
    const release = deferred();
    const slow = app.task('slow', async () => {
      await release.promise;
      return 'after all';
    });
    await app.start();
    const handle = await slow.submit([]);
    await expect(handle.result({ timeout: 50 })).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      taskId: handle.id,
      timeout: 50,
    });
    const controller = new AbortController();
    const waiting = handle.result({ signal: controller.signal });
    controller.abort(new Error('user left'));
    await expect(waiting).rejects.toMatchObject({ code: 'WAIT_ABORTED', cause: { message: 'user left' } });
    release.resolve();
    expect(await handle.result()).toBe('after all');
  });
});

describe('awaiting on memory', () => {
  it('goes by the queue that the task is in, whatever its contract says', async () => {
    const app = openWorld('memory').app({ executor: { queues: ['other'] } });
    const work = app.task('work', () => 1);
    await app.start();
    const { id } = await work.submit([], { queue: 'other', delay: '20ms' });
    expect(await work.handle(id).result()).toBe(1);
  });

  it('is an error when nobody serves the queue, instead of a wait for ever', async () => {
    const app = openWorld('memory').app();
    const add = app.task('add', (a: number) => a);
    const handle = await add.submit([1]);
    await expect(handle.result()).rejects.toMatchObject({ code: 'NO_WORKER', queue: 'default' });
    await app.start();
    expect(await handle.result()).toBe(1);
    const elsewhere = await add.submit([1], { queue: 'unserved' });
    await expect(elsewhere.result()).rejects.toMatchObject({ code: 'NO_WORKER', queue: 'unserved' });
    const heavy = await app.submit(defineTask('heavy', { kind: 'cpu' }), []);
    await expect(heavy.result()).rejects.toMatchObject({ code: 'NO_WORKER', queue: 'default', lane: 'cpu' });
  });
});
