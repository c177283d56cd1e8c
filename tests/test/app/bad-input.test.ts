import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { InMemoryBackend, InMemoryBroker } from '@flowrra/backend-memory';
import { CONTRACT, type Config, defineTask, Flowrra, getBackend, getBroker, registerBackend } from '@flowrra/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../support/outside-project.js';
import { openWorld, silentLogger } from '../../support/world.js';

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
const withPassword = (port: number) => `redis://user:s3cr3t@127.0.0.1:${port}/0`;
/** One that many processes share. */
function sharedBroker(): InMemoryBroker {
  const broker = new InMemoryBroker();
  return Object.defineProperty(broker, 'supports', { value: { ...broker.supports, processLocal: false } });
}
const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason: Error & { code?: string }) => reason,
  );

describe('the address of a store', () => {
  it.each([
    ['an unknown scheme', 'foo://host', 'UNSUPPORTED_SCHEME', 'registerBackend'],
    ['no scheme', 'localhost', 'INVALID_URL', 'redis://'],
    ['an empty text', '', 'INVALID_URL', 'redis://'],
    ['a broken port', 'redis://user:s3cr3t@host:port/0', 'INVALID_URL', ''],
    ['a broken database', 'redis://user:s3cr3t@host/zero', 'INVALID_URL', ''],
    ['an unknown parameter', 'redis://user:s3cr3t@host/0?enableOfflineQueue=true', 'INVALID_URL', 'enableOfflineQueue'],
  ])('with %s is a BackendError that helps, and shows no password (DA-08)', async (_what, url, code, hint) => {
    for (const make of [getBackend, getBroker]) {
      const reason = await reasonOf(make(url));
      expect(reason).toMatchObject({ code, message: expect.stringContaining(hint) });
      expect(inspect(reason, { depth: 10 })).not.toContain('s3cr3t');
    }
  });

  it('of a missing package tells what to install', () => {
    // A process of its own, in a folder from which nothing can be resolved: core depends on no adapter.
    const core = import.meta.resolve('@flowrra/core');
    const program = `import { getBackend } from ${JSON.stringify(core)}; await getBackend('redis://host').catch((err) => console.log(err.code, err.message));`;
    const { NODE_PATH: _, ...env } = process.env;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: tmpdir(),
      env,
      encoding: 'utf8',
    });
    expect(stdout).toContain('MISSING_PACKAGE');
    expect(stdout).toContain('pnpm add @flowrra/backend-redis');
  });

  it('of a package that lacks another one beside it tells which to install', async () => {
    const folder = await temporaryFolder();
    onTestFinished(folder.remove);
    const adapter = join(folder.path, 'node_modules/@flowrra/backend-redis');
    await mkdir(adapter, { recursive: true });
    await writeFile(join(adapter, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
    await writeFile(join(adapter, 'index.js'), "import '@someone/driver/promise';");
    const core = import.meta.resolve('@flowrra/core');
    const program = `import { getBackend } from ${JSON.stringify(core)}; await getBackend('redis://host').catch((err) => console.log(err.code, err.message));`;
    const { NODE_PATH: _, ...env } = process.env;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder.path,
      env,
      encoding: 'utf8',
    });
    expect(stdout).toContain('MISSING_PACKAGE @flowrra/backend-redis needs @someone/driver, which is not installed.');
    expect(stdout).toContain('pnpm add @someone/driver');
  });

  it('may have a scheme that somebody added; results alone need a broker', async () => {
    const made: unknown[] = [];
    registerBackend('custom', {
      createBackend(url, options) {
        made.push(url, options);
        return new InMemoryBackend();
      },
    });
    expect(await getBackend('custom://x', { a: 1 })).toBeInstanceOf(InMemoryBackend);
    expect(made).toEqual(['custom://x', { a: 1 }]);
    await expect(getBroker('custom://x')).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining('broker'),
    });
    expect(() => registerBackend('custom', { createBackend: () => new InMemoryBackend() })).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG' }),
    );
    const app = new Flowrra({ url: 'custom://x', logger: silentLogger });
    await expect(app.task('a', () => 1).submit([])).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
  });

  it('must lead to a store, and its scheme to a provider', async () => {
    registerBackend('nothing', { createBackend: () => undefined as never, createBroker: () => ({}) as never });
    await expect(getBackend('nothing:x')).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringMatching(/"nothing:".*result-backend@1/),
    });
    await expect(getBroker('nothing:x')).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
    for (const provider of [undefined, null, {}]) {
      expect(() => registerBackend('half', provider as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_CONFIG', option: 'provider' }),
      );
    }
  });

  it.each([
    ['a broker as backend', () => ({ backend: new InMemoryBroker() }), 'backend', 'broker@1'],
    ['a backend as broker', () => ({ broker: new InMemoryBackend() }), 'broker', 'result-backend@1'],
    [
      'a backend of a later contract',
      () => ({ backend: Object.assign(new InMemoryBackend(), { [CONTRACT]: 'result-backend@2' }) }),
      'backend',
      'result-backend@2',
    ],
  ])('cannot be given as %s: the error tells what it is', async (_what, config, option, what) => {
    const given = config() as Record<string, unknown>;
    expect(() => new Flowrra(given as Config)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', option, message: expect.stringContaining(what) }),
    );
    const get = option === 'backend' ? getBackend : getBroker;
    await expect(get(given[option] as never)).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining(what),
    });
  });

  it.each([
    ['a promise', { backend: getBackend(null) }, 'backend', 'await it'],
    ['a URL object', { backend: new URL('redis://host') }, 'backend', 'object'],
    ['a number', { backend: 5 }, 'backend', 'object'],
    ['options that are none', { backend: { options: 5 } }, 'backend.options', 'object'],
    ['options of a broker that are none', { broker: { options: [] } }, 'broker.options', 'object'],
    ['a broker alone, which does not say where results go', { broker: sharedBroker() }, 'backend', 'null'],
  ])('cannot be given as %s, and nothing runs in memory instead', (_what, config, option, hint) => {
    expect(() => new Flowrra(config as unknown as Config)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', option, message: expect.stringContaining(hint) }),
    );
  });

  it('is passed through when it is an instance, and means memory when it is null', async () => {
    const backend = new InMemoryBackend();
    expect(await getBackend(backend)).toBe(backend);
    expect(await getBackend(null)).toBeInstanceOf(InMemoryBackend);
    await expect(getBackend(42 as never)).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
    await expect(getBackend(null, { tttl: 1 })).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      cause: { code: 'INVALID_CONFIG', option: expect.stringContaining('tttl') },
    });
  });
});

describe('an unreachable Redis', () => {
  it.each(['submit', 'start', 'wait', 'get'] as const)(
    'makes %s fail with a typed error that shows no password (BK-05, DA-08)',
    async (what) => {
      const app = new Flowrra({ url: withPassword(await closedPort()), logger: silentLogger });
      const add = app.task('add', (a: number) => a);
      const calls = {
        submit: () => add.submit([1]),
        start: () => app.start(),
        wait: () => add.handle('some-id').result(),
        get: () => app.get('some-id'),
      };
      const reason = await reasonOf(calls[what]());
      expect(reason).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(inspect([reason, app], { depth: 10 }) + JSON.stringify(app)).not.toContain('s3cr3t');
      await app.stop();
    },
  );
});

describe('wrong use', () => {
  it.each<[string, () => unknown, string]>([
    ['an unknown option', () => new Flowrra({ ulr: 'x' } as Config), 'INVALID_CONFIG'],
    ['an empty task name', () => new Flowrra().task('', () => 1), 'INVALID_ARGUMENT'],
    ['a task name with blanks', () => new Flowrra().task('send mail', () => 1), 'INVALID_ARGUMENT'],
    ['a handler that is no function', () => new Flowrra().task('a', 'fn' as never), 'INVALID_CONFIG'],
    ['an unknown task option', () => new Flowrra().task('a', { queu: 'x' } as never, () => 1), 'INVALID_CONFIG'],
    [
      'a task registered twice',
      () => {
        const app = new Flowrra();
        app.task('a', () => 1);
        app.task('a', () => 1);
      },
      'TASK_EXISTS',
    ],
    ['a CPU task without a module', () => new Flowrra().cpuTask<() => 1>('a', {} as never), 'INVALID_CONFIG'],
    [
      'a CPU contract with a function',
      () => new Flowrra().implement(defineTask<() => number>('a', { kind: 'cpu' }), () => 1),
      'INVALID_CONFIG',
    ],
    [
      'an I/O contract with a module',
      () => new Flowrra().implement(defineTask<() => number>('a'), { module: 'x' }),
      'INVALID_CONFIG',
    ],
    ['a scheduler that is not there', () => new Flowrra().scheduler, 'INVALID_CONFIG'],
    ['a malformed id', () => new Flowrra().handle(defineTask<() => number>('a'), 'a b'), 'INVALID_ARGUMENT'],
  ])('such as %s is a typed error', (_what, use, code) => {
    expect(use).toThrow(expect.objectContaining({ code }));
  });

  it.each<[string, (app: Flowrra) => Promise<unknown>, string, string]>([
    ['null for the options of a stop', (app) => app.stop(null as never), 'INVALID_CONFIG', 'options'],
    ['an unknown option of a stop', (app) => app.stop({ gracee: 1 } as never), 'INVALID_CONFIG', 'gracee'],
    ['null for the options of a run', (app) => app.run(null as never), 'INVALID_CONFIG', 'options'],
    ['a text for the signal of a run', (app) => app.run({ signal: 'x' as never }), 'INVALID_CONFIG', 'signal'],
    ['a malformed grace of a run', (app) => app.run({ grace: '5' as never }), 'INVALID_ARGUMENT', 'grace'],
    [
      'half a contract',
      (app) => app.submit({ name: 'a', takesKwargs: false } as never, []),
      'INVALID_ARGUMENT',
      'task',
    ],
  ])('such as %s is a typed error, and changes nothing', async (_what, use, code, names) => {
    const app = openWorld('memory').app();
    const add = app.task('add', (a: number, b: number) => a + b);
    const err = (await reasonOf(use(app))) as unknown as { option?: string; argument?: string };
    expect(err).toMatchObject({ code });
    expect(err.option ?? err.argument).toBe(names);
    await add.submit([1, 2]);
  });

  it('such as submitting an unregistered name is a typed error; a registered one works', async () => {
    const app = openWorld('memory').app();
    app.task('add', (a: number, b: number) => a + b);
    await expect(app.submit('sub', [1])).rejects.toMatchObject({ code: 'TASK_NOT_FOUND', taskName: 'sub' });
    await expect(app.submit((() => 1) as never, [])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await app.start();
    expect(await (await app.submit('add', [1, 2])).result()).toBe(3);
  });
});
