import { defineTask, Flowrra, type SubmitCall, type TaskHandle, taskContext } from '@flowrra/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { deferred, openWorld, STORES, silentLogger } from '../../support/world.js';

/** Rejections that nobody heard since the test began. */
function unheardRejections(): unknown[] {
  const unheard: unknown[] = [];
  const note = (reason: unknown) => void unheard.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return unheard;
}
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const schema = (validate: () => never) => ({ '~standard': { version: 1, vendor: 'test', validate } }) as const;

describe('waiting for a result', () => {
  it('has no limit when `timeout` is there but undefined', async () => {
    const { createTestApp } = await import('@flowrra/core/testing');
    const { app, clock } = createTestApp();
    onTestFinished(() => app.stop());
    const late = app.task('late', () => 'late');
    await app.start();
    const result = (await late.submit([], { delay: '1h' })).result({ timeout: undefined });
    await clock.advance(3_600_000);
    expect(await result).toBe('late');
  });

  it('refuses an option that does not exist', async () => {
    const app = openWorld('memory').app();
    const add = app.task('add', (a: number) => a);
    const handle = await add.submit([1]);
    await expect(handle.result({ timeOut: 5 } as never)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('timeOut'),
    });
  });

  it.each([
    ['its controller', new AbortController()],
    ['something else', false],
  ])('refuses %s in the place of a signal', async (_what, signal) => {
    for (const stores of STORES) {
      const handle = await openWorld(stores)
        .app()
        .task('add', (a: number) => a)
        .submit([1]);
      await expect(handle.result({ signal: signal as never })).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        option: 'signal',
      });
    }
  });

  it('does not say that a task ran too long when only a task that it awaited did', async () => {
    const app = openWorld('memory').app();
    const child = app.task('child', { timeout: 5, retries: 0 }, () => new Promise<void>(() => {}));
    const parent = app.task('parent', { retries: 0 }, () => child.call([]));
    await app.start();
    await expect(child.call([])).rejects.toMatchObject({ code: 'TASK_TIMEOUT', taskName: 'child' });
    await expect(parent.call([])).rejects.toMatchObject({ code: 'TASK_FAILED', taskName: 'parent' });
  });
});

describe('nothing is left behind that fails with nobody to hear it', () => {
  it('by two schemas that both refuse, one of them later', async () => {
    const unheard = unheardRejections();
    const app = openWorld('memory').app();
    const later = vi.fn(async () => Promise.reject(new Error('args')));
    const args = schema(later as never);
    const kwargs = schema(() => {
      throw new Error('kwargs');
    });
    const strict = app.task('strict', { kwargs: true, schema: { args, kwargs } }, (_kw: object) => 1);
    await expect(strict.submit([], { kwargs: {} })).rejects.toThrow();
    await nextTurn();
    expect(later).toHaveBeenCalled();
    expect(unheard).toEqual([]);
  });

  it('by a listener that is an async function: what it rejects with is logged', async () => {
    const unheard = unheardRejections();
    const error = vi.fn();
    const app = openWorld('memory').app({ logger: { ...silentLogger, error } });
    app.on('finished', async () => {
      throw new Error('bad listener');
    });
    const add = app.task('add', (a: number) => a);
    await app.start();
    await add.call([1]);
    await vi.waitFor(() => expect(error).toHaveBeenCalledWith(expect.anything(), 'an event listener threw'));
    await nextTurn();
    expect(unheard).toEqual([]);
  });
});

describe('wrong use is a typed error', () => {
  it('of submitMany: one id for many calls would drop all but one', async () => {
    const app = openWorld('memory').app();
    const add = app.task('add', (a: number) => a);
    await expect(add.submitMany([[1], [2]], { id: 'same' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const holes: [number][] = [];
    holes[1] = [1];
    for (const calls of [undefined as never, [[1], undefined as never], holes] as [number][][])
      await expect(add.submitMany(calls)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const reason = await add.submitMany([[1], [2], [new Date() as never]]).catch((err: unknown) => err);
    expect(reason).toMatchObject({ message: expect.stringContaining('calls[2]: args[0] is a Date') });
    expect(await app.queueSize('default')).toMatchObject({ waiting: 0 });
    expect(await add.submitMany([[1]], { id: 'same' })).toHaveLength(1);
  });

  it.each<[string, (call: SubmitCall, next: (call: SubmitCall) => Promise<TaskHandle>) => unknown, string]>([
    ['that returns nothing', async (call, next) => void (await next(call)), 'what next(call) resolves to'],
    ['that returns something else than a handle', () => true, 'what next(call) resolves to'],
    ['that does not pass the call on', (_call, next) => next(undefined as never), 'next(call)'],
    ['that passes something else on', (call, next) => next(call.args as never), 'next(call)'],
  ])('of submit middleware %s', async (_what, submit, hint) => {
    const app = openWorld('memory').app();
    app.use({ submit: submit as never });
    const add = app.task('add', (a: number) => a);
    await expect(add.call([1])).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      option: 'middleware',
      message: expect.stringContaining(hint),
    });
  });

  it.each<[string, unknown, string, string]>([
    ['a submit that is no function', { submit: 5 }, 'extension.submit', 'function'],
    ['an execute that is no function', { execute: null }, 'extension.execute', 'function'],
    ['a start that is no function', { start: 1, stop: () => {} }, 'extension.start', 'function'],
    ['a stop that is no function', { start: () => {}, stop: 2 }, 'extension.stop', 'function'],
    ['a service that cannot stop', { start: () => {}, execute: () => {} }, 'extension.stop', 'stop'],
    ['a service that cannot start', { stop: () => {} }, 'extension.start', 'start'],
    ['a task', new Flowrra().task('add', () => 1), 'extension', 'A task is no middleware'],
    ['a contract', defineTask('add'), 'extension', 'A task is no middleware'],
  ])('of %s as an extension', (_what, extension, option, hint) => {
    const app = openWorld('memory').app();
    expect(() => app.use(extension as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', option, message: expect.stringContaining(hint) }),
    );
  });

  it.each([
    ['ids that are no list', (app: App) => app.holds('id' as never)],
    ['a page that is none', (app: App) => app.listByStatus('success', null as never)],
    ['a page with an unknown option', (app: App) => app.listByStatus('success', { lmit: 1 } as never)],
  ])('of %s', async (_what, use) => {
    await expect(use(openWorld('memory').app())).rejects.toMatchObject({ code: expect.stringMatching(/^INVALID_/) });
  });

  it.each([
    ['an extension that is nothing known', (app: App) => app.use({ excute: () => 1 } as never)],
    ['no extension', (app: App) => app.use(undefined as never)],
    ['a contract that is none', (app: App) => app.implement('x' as never, () => 1)],
    ['no contract', (app: App) => app.implement(null as never, () => 1)],
    ['a handle of no contract', (app: App) => app.handle({} as never, 'id')],
    ['a schema that is none', (app: App) => app.task('x', { schema: { args: 5 as never } }, () => 1)],
    ['an event that does not exist', (app: App) => app.on('finish' as never, () => {})],
    ['a listener that is no function', (app: App) => app.on('finished', {} as never)],
    ['a task without a handler', (app: App) => app.task('x', undefined as never)],
    ['a task with a name alone', (app: App) => (app.task as (name: string) => unknown)('x')],
    ['task options that are null', (app: App) => app.task('x', null as never, () => 1)],
    ['a CPU task without options', (app: App) => app.cpuTask<() => void>('x', undefined as never)],
    ['an export that is no name', (app: App) => app.cpuTask<() => void>('x', { module: 'x.js', export: 5 as never })],
  ])('of %s', (_what, use) => {
    const app = openWorld('memory').app();
    expect(() => use(app)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^INVALID_/) }));
  });
});
type App = ReturnType<ReturnType<typeof openWorld>['app']>;

describe.each(STORES)('an error that looks like RetryLater on %s', (stores) => {
  it('and asks for more time than there is waits as long as anything may, and can be cancelled', async () => {
    const app = openWorld(stores).app();
    const later = app.task('later', () => {
      throw Object.assign(new Error('later'), { code: 'RETRY_LATER', delay: 1e21 });
    });
    await app.start();
    const handle = await later.submit([]);
    await vi.waitFor(async () => expect(await handle.status()).toBe('retrying'));
    expect(await handle.cancel()).toBe(true);
    expect((await handle.outcome()).status).toBe('cancelled');
  });

  it('but has no usable delay is retried as the policy says', async () => {
    const app = openWorld(stores).app();
    let runs = 0;
    const odd = app.task('odd', { retries: { max: 3, delay: 1 } }, () => {
      const error = Object.assign(new Error('odd'), { code: 'RETRY_LATER', delay: [Number.NaN, -1, 1][runs++] });
      const broken = () => {
        throw new Error('the getter threw');
      };
      if (runs === 4) Object.defineProperty(error, 'delay', { get: broken });
      throw error;
    });
    await app.start();
    expect(await (await odd.submit([])).outcome()).toMatchObject({ status: 'failed', taskName: 'odd', attempt: 4 });
    expect(runs).toBe(4);
  });
});

describe('the log of a task', () => {
  it('keeps an error that is given as data, as pino does', async () => {
    const error = vi.fn();
    const app = openWorld('memory').app({ logger: { ...silentLogger, error } });
    const gate = deferred();
    const noisy = app.task('noisy', () => {
      taskContext().log.error(new Error('lost?'), 'it failed');
      gate.resolve();
    });
    await app.start();
    const { id } = await noisy.submit([]);
    await gate.promise;
    expect(error).toHaveBeenCalledWith({ taskId: id, taskName: 'noisy', err: new Error('lost?') }, 'it failed');
  });
});
