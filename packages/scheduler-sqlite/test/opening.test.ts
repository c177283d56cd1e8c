import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { BackendError, ConfigError, InvalidUrlError, NotImplementedError } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { SQLiteSchedulerBackend, schedulerProvider } from '../src/index.js';
import { translateError } from '../src/sqlite-errors.js';
import { parseSqliteUrl } from '../src/sqlite-url.js';
import { startSqliteProcess } from './children/sqlite-process.js';
import { temporaryFolder } from './temporary-folder.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function setup() {
  const folder = temporaryFolder();
  undo.push(() => folder.remove());
  return {
    file: (name: string) => folder.file(name),
    open(...args: ConstructorParameters<typeof SQLiteSchedulerBackend>) {
      const backend = new SQLiteSchedulerBackend(...args);
      undo.push(() => backend.close());
      return backend;
    },
    tables(path: string) {
      const database = new Sqlite(path, { readonly: true });
      const rows = database.prepare("select name from sqlite_master where type = 'table' order by name").all();
      database.close();
      return rows.map((row) => (row as { name: string }).name);
    },
  };
}

/** What a refused opening says; the path is cut out. */
async function refusal(backend: SQLiteSchedulerBackend): Promise<{ code: unknown; message: string }> {
  const err = await backend.listAll().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(err).toBeInstanceOf(BackendError);
  const { code, message } = err as BackendError;
  return { code, message: message.replace(/\/\S*\//, '') };
}

describe('opening a SQLite file', () => {
  it('opens nothing in the constructor, and by itself with the first call', async () => {
    const { open, file, tables } = setup();
    const backend = open(file('lazy.db'));
    expect(() => readFileSync(file('lazy.db'))).toThrow(/ENOENT/);
    await Promise.all([backend.create(sampleSchedule('one')), backend.listAll(), backend.dueTimes()]);
    expect(tables(file('lazy.db'))).toEqual([
      'flowrra_firings',
      'flowrra_migrations',
      'flowrra_migrations_lock',
      'flowrra_schedules',
    ]);
  });

  it('keeps two prefixes apart in one file, and refuses what is no identifier (SQ-11)', async () => {
    const { open, file, tables } = setup();
    await open(file('two.db'), { tablePrefix: 'a_' }).create(sampleSchedule('of-a'));
    expect(await open(file('two.db'), { tablePrefix: 'b_' }).listAll()).toEqual([]);
    expect(tables(file('two.db')).filter((name) => name.endsWith('schedules'))).toEqual(['a_schedules', 'b_schedules']);
    for (const tablePrefix of ["x'; DROP TABLE flowrra_schedules;--", 'a b', '1a', '', 'a"b', 'ä_', 'x'.repeat(41)]) {
      expect(() => open(file('two.db'), { tablePrefix })).toThrow(ConfigError);
    }
  });

  it('refuses a prefix that differs from one in the file only in case, and touches nothing (SQ-11)', async () => {
    const { open, file } = setup();
    const first = open(file('two.db'), { tablePrefix: 'a_' });
    await first.create(sampleSchedule('of-a'));
    await expect(open(file('two.db'), { tablePrefix: 'A_' }).clear()).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      option: 'tablePrefix',
      message: expect.stringContaining('the prefix "a_", which SQLite does not tell from "A_"'),
    });
    expect(await first.listAll()).toHaveLength(1);
    expect(await open(file('two.db'), { tablePrefix: 'a_' }).listAll()).toHaveLength(1);
  });

  it('refuses wrong targets and options by name', async () => {
    const { open } = setup();
    expect(() => open('')).toThrow(ConfigError);
    expect(() => open('nul\0.db')).toThrow(ConfigError);
    expect(() => open(7 as unknown as string)).toThrow(/better-sqlite3/);
    expect(() => open(':memory:', { prefix: 'x' } as object)).toThrow(/no option "prefix"/);
    const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Sqlite(':memory:') }) });
    expect(() => open(db.withSchema('other'))).toThrow(/has a schema by withSchema\(\)/);
    await db.transaction().execute(async (trx) => expect(() => open(trx)).toThrow(/is a transaction/));
    await db.destroy();
  });

  it('uses a database that is passed in, and leaves it open', async () => {
    const { open } = setup();
    const database = new Sqlite(':memory:', { timeout: 0 });
    undo.push(() => database.close());
    const first = open(database);
    const second = open(database);
    await Promise.all([first.create(sampleSchedule('a')), second.create(sampleSchedule('b')), first.listAll()]);
    await first.close();
    expect((await second.listAll()).map(({ id }) => id)).toEqual(['a', 'b']);
    await second.close();
    expect(database.open).toBe(true);
  });

  it('waits for a transaction that the user has open on the same database (SQ-05)', async () => {
    const { open } = setup();
    const database = new Sqlite(':memory:', { timeout: 0 });
    undo.push(() => database.close());
    const backend = open(database);
    await backend.create(sampleSchedule('a'));
    database.exec("begin; update flowrra_schedules set description = 'by hand'");
    const creating = backend.create(sampleSchedule('b'));
    expect((await backend.get('a'))?.description).toBe('by hand');
    expect(database.inTransaction).toBe(true);
    database.exec('commit');
    await creating;
    expect(await backend.listAll()).toHaveLength(2);
  });

  it('uses a Kysely instance that is passed in, and leaves it open', async () => {
    const { open } = setup();
    const database = new Sqlite(':memory:', { timeout: 0 });
    const kysely = new Kysely<{ pets: { name: string } }>({ dialect: new SqliteDialect({ database }) });
    undo.push(() => kysely.destroy());
    const backend = open(kysely);
    await backend.create(sampleSchedule('a'));
    await backend.close();
    expect(database.open).toBe(true);
  });

  it('makes its own files wait for no lock, and keeps what it acknowledged (SQ-06)', async () => {
    const { open, file } = setup();
    await open(file('wal.db')).create(sampleSchedule('a'));
    const database = new Sqlite(file('wal.db'));
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    database.close();
  });
});

describe('a SQLite file that is no more where it was opened', () => {
  it.each<[string, (path: string) => void]>([
    ['removed', (path) => rmSync(path)],
    ['moved away', (path) => renameSync(path, `${path}.old`)],
    [
      'replaced by another one',
      (path) => {
        copyFileSync(path, `${path}.new`);
        renameSync(`${path}.new`, path);
      },
    ],
  ])('takes nothing in when it was %s, which would be lost with the process', async (_how, act) => {
    const { open, file } = setup();
    const backend = open(file('gone.db'));
    await backend.create(sampleSchedule('a'));
    act(file('gone.db'));
    await expect(backend.create(sampleSchedule('b'))).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringMatching(/gone\.db was removed or replaced while it was open\. Put the file back/),
    });
    expect((await backend.listAll()).map(({ id }) => id)).toEqual(['a']);
  });

  it('is used again once it was put back', async () => {
    const { open, file } = setup();
    const backend = open(file('back.db'));
    await backend.create(sampleSchedule('a'));
    renameSync(file('back.db'), file('away.db'));
    await expect(backend.clear()).rejects.toThrow('was removed or replaced');
    renameSync(file('away.db'), file('back.db'));
    await backend.create(sampleSchedule('b'));
    expect(await open(file('back.db')).listAll()).toHaveLength(2);
  });
});

describe('a SQLite file that cannot be used', () => {
  it('is named when its folder is missing', async () => {
    const { open, file } = setup();
    expect(await refusal(open(file('missing/schedule.db')))).toEqual({
      code: 'BACKEND_ERROR',
      message: 'SQLite file schedule.db cannot be opened: its folder does not exist. Create the folder first.',
    });
  });

  it('says how the driver is built when that was left out, or done for another Node', () => {
    const { file } = setup();
    writeFileSync(file('driver.node'), 'no program');
    const fail = (load: () => unknown): unknown => {
      try {
        return load();
      } catch (err) {
        return err;
      }
    };
    // What the driver's own loader throws, and what Node does.
    const loader = createRequire(createRequire(import.meta.url).resolve('better-sqlite3'))('bindings');
    const missing = fail(() => loader({ bindings: 'none.node', module_root: file('') }));
    const foreign = fail(() => process.dlopen({ exports: {} }, file('driver.node')));
    for (const err of [missing, foreign]) {
      expect(translateError(err, 'SQLite file a.db')).toMatchObject({
        code: 'BACKEND_ERROR',
        message: expect.stringMatching(/^SQLite file a.db cannot be opened: .*pnpm approve-builds/),
        cause: err,
      });
    }
  });

  it('is named when it is a folder', async () => {
    const { open, file } = setup();
    mkdirSync(file('folder'));
    expect((await refusal(open(file('folder')))).message).toMatch(
      /cannot be opened\. Is the path a file, not a folder/,
    );
  });

  it('stays as it is when it is no database', async () => {
    const { open, file } = setup();
    const text = 'These are my notes. '.repeat(50);
    writeFileSync(file('notes.txt'), text);
    expect(await refusal(open(file('notes.txt')))).toEqual({
      code: 'BACKEND_ERROR',
      message: 'SQLite file notes.txt is no SQLite database; it was left as it is. Choose another path.',
    });
    expect(readFileSync(file('notes.txt'), 'utf8')).toBe(text);
  });

  it('is called damaged when it is', async () => {
    const { open, file } = setup();
    const backend = open(file('torn.db'));
    await backend.applyChanges(
      Array.from({ length: 500 }, (_, index) => ({ before: null, after: sampleSchedule(`job-${index}`) })),
    );
    await backend.close();
    const bytes = readFileSync(file('torn.db'));
    writeFileSync(file('torn.db'), bytes.fill(0xaa, 4096));
    expect((await refusal(open(file('torn.db')))).message).toMatch(/is damaged\. Restore a backup/);
  });

  it('is called read-only at once, not at the first slot', async () => {
    const { open, file } = setup();
    await open(file('ready.db')).create(sampleSchedule('a'));
    const database = new Sqlite(file('ready.db'), { readonly: true });
    undo.push(() => database.close());
    expect((await refusal(open(database))).message).toMatch(/is read-only for this process\. .* make the file/);
  });

  it('is called read-only when another user owns it', async () => {
    const { open, file } = setup();
    const path = file('ours.db');
    await open(path).close();
    const backend = open(path);
    await backend.create(sampleSchedule('a'));
    await backend.close();
    chmodSync(join(path, '..'), 0o555);
    chmodSync(path, 0o444);
    // Root may write everything: then somebody else has to try.
    const process = startSqliteProcess(globalThis.process.getuid?.() === 0 ? 65_534 : undefined);
    undo.push(() => process.end());
    expect(await process.tell('failToOpen', path)).toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringMatching(/read-only for this process|cannot be opened/),
    });
  });

  it('is refused when a newer version made it, and stays as it is', async () => {
    const { open, file } = setup();
    await open(file('newer.db')).create(sampleSchedule('a'));
    const database = new Sqlite(file('newer.db'));
    undo.push(() => database.close());
    database.exec("insert into flowrra_migrations values ('0099-future', '2099-01-01T00:00:00.000Z')");
    expect(await refusal(open(file('newer.db')))).toEqual({
      code: 'SCHEMA_TOO_NEW',
      message:
        "The tables in SQLite file newer.db were changed by a newer Flowrra (0099-future). Upgrade this process's " +
        '@flowrra packages, or choose another tablePrefix.',
    });
  });

  it('is opened by the next call when what was wrong is mended', async () => {
    const { open, file } = setup();
    const backend = open(file('later/schedule.db'));
    await refusal(backend);
    mkdirSync(file('later'));
    expect(await backend.listAll()).toEqual([]);
  });
});

describe('addresses of SQLite files', () => {
  const nameOf = async (url: string): Promise<string> => {
    const backend = schedulerProvider.createSchedulerBackend(url, { tablePrefix: 'x_' });
    const err = await backend.claimDue([], { node: 'n' }).catch((reason: unknown) => reason);
    expect(err).not.toBeInstanceOf(NotImplementedError);
    return backend.constructor.name;
  };

  it('may be absolute, relative, the default file or memory (DA-10)', async () => {
    for (const url of ['sqlite:///var/lib/a.db', 'sqlite:schedule.db', 'sqlite://', 'sqlite::memory:', 'SQLITE:a.db'])
      expect(await nameOf(url)).toBe('SQLiteSchedulerBackend');
    expect(parseSqliteUrl('sqlite:///var/lib/a.db')).toBe('/var/lib/a.db');
    expect(parseSqliteUrl('sqlite:rel/x.db')).toBe('rel/x.db');
    expect(parseSqliteUrl('sqlite::memory:')).toBe(':memory:');
    expect(parseSqliteUrl('sqlite://')).toBeUndefined();
  });

  it('keeps an absolute path absolute, and decodes it (DA-10)', async () => {
    const { file } = setup();
    const backend = schedulerProvider.createSchedulerBackend(`sqlite://${file('with%20blank.db')}`);
    undo.push(() => backend.close());
    await backend.create(sampleSchedule('a'));
    expect(readFileSync(file('with blank.db')).subarray(0, 6).toString()).toBe('SQLite');
  });

  it.each([
    ['sqlite://rel/x.db', /no host/],
    ['sqlite:///a%00b', /NUL/],
    ['sqlite:///a.db?mode=memory', /no parameters/],
    ['sqlite:a.db#part', /no parameters and no fragment/],
    ['sqlite:///%zz.db', /malformed/],
    ['sqlite:', /no path/],
    ['sqlite:///', /folder/],
    ['mysql://host/db', /no SQLite address/],
  ])('refuses %s (DA-10)', (url, message) => {
    const make = () => schedulerProvider.createSchedulerBackend(url);
    expect(make).toThrow(InvalidUrlError);
    expect(make).toThrow(message);
  });
});
