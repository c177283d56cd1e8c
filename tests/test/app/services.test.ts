import { Flowrra, IOExecutor, type Middleware, type Service } from '@flowrra/core';
import { describe, expect, it, vi } from 'vitest';
import { deferred, openWorld, silentLogger } from '../../support/world.js';

const service = (trace: string[], name: string, own: Partial<Service> = {}): Service => ({
  start: async () => void trace.push(`${name} starts`),
  stop: async () => void trace.push(`${name} stops`),
  ...own,
});

describe('a service of an app', () => {
  it('that is middleware too is both', async () => {
    const trace: string[] = [];
    const app = openWorld('memory').app();
    app.use({
      ...service(trace, 'a'),
      submit: (call, next) => {
        trace.push('submit');
        return next(call);
      },
      execute: (_call, next) => {
        trace.push('execute');
        return next();
      },
    });
    const add = app.task('add', (a: number) => a);
    await app.start();
    await add.call([1]);
    await app.stop();
    expect(trace).toEqual(['a starts', 'submit', 'execute', 'a stops']);
  });

  it('that is an app or an executor is that alone: its submit is not middleware', async () => {
    const [app, inner] = [openWorld('memory').app(), openWorld('memory').app()];
    app.use(inner).use(new IOExecutor());
    const [add, double] = [app.task('add', (a: number) => a + 1), inner.task('double', (a: number) => a * 2)];
    await app.start();
    expect([await add.call([1]), await double.call([2])]).toEqual([2, 4]);
  });

  it('is there once, as middleware is, however often it is added', async () => {
    const trace: string[] = [];
    const app = openWorld('memory').app();
    const both = {
      ...service(trace, 'a'),
      execute: (_call: unknown, next: () => unknown) => trace.push('execute') && next(),
    };
    app.use(both as Middleware).use(both as Service);
    const add = app.task('add', (a: number) => a);
    await app.start();
    app.use(both as Service);
    await add.call([1]);
    await app.stop();
    expect(trace).toEqual(['a starts', 'execute', 'a stops']);
  });

  it('starts and stops once, however often the app is asked to', async () => {
    const trace: string[] = [];
    const app = openWorld('memory').app().use(service(trace, 'a'));
    await Promise.all([app.start(), app.start()]);
    await app.start();
    await Promise.all([app.stop(), app.stop()]);
    await app.stop();
    expect(trace).toEqual(['a starts', 'a stops']);
  });

  it('that is added to a running app starts at once', async () => {
    const trace: string[] = [];
    const app = openWorld('memory').app().use(service(trace, 'a'));
    await app.start();
    app.use(service(trace, 'b'));
    await vi.waitFor(() => expect(trace).toEqual(['a starts', 'b starts']));
    await app.stop();
    app.use(service(trace, 'c'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(trace).toEqual(['a starts', 'b starts', 'a stops', 'b stops']);
  });

  it('that is added to a running app and cannot start is in the log, and tried again by the next start', async () => {
    const trace: string[] = [];
    const errors: unknown[] = [];
    const app = new Flowrra({ logger: { ...silentLogger, error: (fields) => void errors.push(fields) } });
    await app.start();
    const err = new Error('no connection');
    let broken = true;
    const start = async () => {
      if (broken) throw err;
      trace.push('a starts');
    };
    app.use(service(trace, 'a', { start }));
    await vi.waitFor(() => expect(errors).toEqual([{ err }]));
    broken = false;
    await app.start();
    expect(trace).toEqual(['a starts']);
    await app.stop();
  });

  it('that was added later, or could not start, is started by the next start', async () => {
    const trace: string[] = [];
    let broken = true;
    const start = async () => {
      if (broken) throw new Error('no connection');
      trace.push('b starts');
    };
    const app = openWorld('memory').app().use(service(trace, 'a'));
    app.use(service(trace, 'b', { start }));
    await expect(app.start()).rejects.toThrow('no connection');
    broken = false;
    await app.start();
    app.use(service(trace, 'c'));
    await app.start();
    expect(trace).toEqual(['a starts', 'b starts', 'c starts']);
  });

  it('is not started any more once the app stops, and is not stopped while it starts', async () => {
    const trace: string[] = [];
    const [entered, release] = [deferred(), deferred()];
    const start = async () => {
      entered.resolve();
      await release.promise;
      trace.push('a starts');
    };
    const app = openWorld('memory')
      .app()
      .use(service(trace, 'a', { start }));
    app.use(service(trace, 'b'));
    const starting = app.start();
    await entered.promise;
    const stopping = app.stop();
    release.resolve();
    await Promise.all([starting, stopping]);
    expect(trace).toEqual(['a starts', 'a stops', 'b stops']);
  });

  it('whose start hangs is stopped all the same, a moment later, and ends run() (SH-06)', async () => {
    const trace: string[] = [];
    const hanging = () => new Promise<void>(() => {});
    const app = new Flowrra({ logger: silentLogger }).use(service(trace, 'a', { start: hanging }));
    const end = new AbortController();
    const running = app.run({ signal: end.signal });
    end.abort();
    await running;
    expect(trace).toEqual(['a stops']);
  });

  it('that cannot stop keeps nothing else from stopping, and is reported', async () => {
    const app = new Flowrra({ logger: silentLogger });
    const stop = async () => {
      throw new Error('cannot stop');
    };
    const trace: string[] = [];
    app.use(service(trace, 'a', { stop })).use(service(trace, 'b'));
    const add = app.task('add', (a: number) => a);
    await app.start();
    await expect(app.stop()).rejects.toThrow('cannot stop');
    expect(trace).toEqual(['a starts', 'b starts', 'b stops']);
    await expect(add.submit([1])).rejects.toMatchObject({ code: 'STOPPED' });
  });
});
