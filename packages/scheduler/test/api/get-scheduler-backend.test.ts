import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Module } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getSchedulerBackend } from '../../src/get-scheduler-backend.js';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';

const SECRET = 'hunter2';

/** What each package would export; the scheduler finds packages from the script that was started. */
const PROVIDERS: Record<string, string> = {
  'scheduler-sqlite': `
    class Backend {
      [Symbol.for('flowrra.contract')] = 'scheduler-backend@1';
      constructor(url, options) { Object.assign(this, { url, options }); }
    }
    export const schedulerProvider = { createSchedulerBackend: (url, options) => new Backend(url, options) };`,
  'scheduler-postgres': `export const schedulerProvider = { createSchedulerBackend: () => ({}) };`,
  'scheduler-mysql': `export const schedulerProvider = {
    createSchedulerBackend() { throw new TypeError('the driver chokes'); },
  };`,
};

describe('getSchedulerBackend', () => {
  const script = process.argv[1];
  const searched = process.env.NODE_PATH;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flowrra-packages-'));
    process.argv[1] = join(folder, 'main.js');
    // The script by which pnpm starts vitest lets every process find all packages of the workspace.
    searchIn('');
  });
  afterEach(async () => {
    process.argv[1] = script ?? '';
    searchIn(searched);
    await rm(folder, { recursive: true });
  });

  function searchIn(path: string | undefined) {
    process.env.NODE_PATH = path ?? '';
    (Module as unknown as { _initPaths(): void })._initPaths();
  }

  async function install(...names: string[]) {
    for (const name of names) {
      const home = join(folder, 'node_modules/@flowrra', name);
      await mkdir(home, { recursive: true });
      const manifest = { name: `@flowrra/${name}`, type: 'module', exports: { default: './index.js' } };
      await writeFile(join(home, 'package.json'), JSON.stringify(manifest));
      await writeFile(join(home, 'index.js'), PROVIDERS[name] ?? '');
    }
  }

  it('returns an instance as it is', async () => {
    const backend = new InMemorySchedulerBackend();
    expect(await getSchedulerBackend(backend)).toBe(backend);
  });

  it('makes the backend of the address, with its options', async () => {
    await install('scheduler-sqlite');
    const options = { tablePrefix: 'billing_' };
    expect(await getSchedulerBackend('sqlite:///abs.db', options)).toMatchObject({ url: 'sqlite:///abs.db', options });
    expect(await getSchedulerBackend('SQLite::memory:')).toMatchObject({ url: 'SQLite::memory:', options: {} });
  });

  it('means the default SQLite file when nothing is given', async () => {
    await install('scheduler-sqlite');
    for (const nothing of [undefined, null])
      expect(await getSchedulerBackend(nothing)).toMatchObject({ url: 'sqlite://' });
  });

  for (const [scheme, name] of [
    ['sqlite', 'scheduler-sqlite'],
    ['postgresql', 'scheduler-postgres'],
    ['postgres', 'scheduler-postgres'],
    ['mysql', 'scheduler-mysql'],
    ['mariadb', 'scheduler-mysql'],
  ]) {
    it(`says how to install the package that ${scheme}: needs, and shows no password (DA-08)`, async () => {
      const refused = getSchedulerBackend(`${scheme}://user:${SECRET}@db/app`);
      await expect(refused).rejects.toMatchObject({
        code: 'MISSING_PACKAGE',
        packageName: `@flowrra/${name}`,
        message: expect.stringContaining(`Run: pnpm add @flowrra/${name}`),
      });
      await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining(SECRET) });
    });
  }

  it('says what the default needs', async () => {
    await expect(getSchedulerBackend()).rejects.toMatchObject({
      message:
        'A scheduler without a backend needs @flowrra/scheduler-sqlite, which is not installed. ' +
        'Run: pnpm add @flowrra/scheduler-sqlite',
    });
  });

  it('knows no other scheme', async () => {
    const refused = getSchedulerBackend(`oracle://user:${SECRET}@db/app`);
    await expect(refused).rejects.toMatchObject({
      code: 'UNSUPPORTED_SCHEME',
      scheme: 'oracle',
      message:
        'No store is known for "oracle:". Known: sqlite: postgresql: postgres: mysql: mariadb:. ' +
        'None given means a SQLite file. For another store, pass an instance of its backend.',
    });
  });

  it('wants a scheme', async () => {
    for (const address of ['schedules.db', '', `user:${SECRET}`.replace(':', ' ')])
      await expect(getSchedulerBackend(address)).rejects.toMatchObject({
        code: 'INVALID_URL',
        message: expect.stringContaining('sqlite:schedules.db'),
      });
  });

  it('refuses what is neither an address nor a backend', async () => {
    for (const wrong of [5, {}, new Map()])
      await expect(getSchedulerBackend(wrong as never)).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
  });

  it('turns everything that goes wrong in a package into a BackendError with its cause', async () => {
    await install('scheduler-mysql', 'scheduler-postgres');
    await expect(getSchedulerBackend('mysql://db/app')).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      cause: expect.objectContaining({ message: 'the driver chokes' }),
    });
    await expect(getSchedulerBackend('postgres://db/app')).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining('scheduler-backend@1'),
    });
  });
});
