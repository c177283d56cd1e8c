import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { type CompiledQuery, Kysely, MysqlDialect } from 'kysely';
import { createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { MySQLSchedulerBackend } from '../src/index.js';
import { World } from './world.js';

const worlds: World[] = [];

function setup(): World {
  const world = new World();
  worlds.push(world);
  return world;
}

function readyPool({ url }: World, options: PoolOptions = {}): Pool {
  const pool = createPool({ uri: url, ...options });
  onTestFinished(() => pool.promise().end());
  return pool;
}

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** What may be in a column, and is written differently by those who parse it. */
const SAMPLE = sampleSchedule('job', {
  args: [{ b: 1, a: [null, 'ü 😀 \\ " \' \n', 1.5] }, '1', 9_007_199_254_740_991],
  kwargs: { z: 1, a: 2 },
  nextRun: new Date(1_790_000_000_600),
  jitter: 2 ** 31 + 1,
  description: "'; drop table schedules; -- \\",
});

describe('a pool that is passed in', () => {
  it.each<[string, PoolOptions]>([
    ['as it comes', {}],
    ['with JSON as text', { jsonStrings: true }],
    ['with big numbers as text', { supportBigNumbers: true, bigNumberStrings: true }],
    ['with nothing parsed', { typeCast: (field) => field.string() }],
    ['with another time zone', { timezone: '+05:30', dateStrings: true }],
    ['with reset sessions', { resetOnRelease: true }],
  ])('may hand out values %s (SQ-12)', async (_how, options) => {
    const world = setup();
    const backend = world.backend({}, readyPool(world, options));
    await backend.create(SAMPLE);
    expect(await backend.get('job')).toEqual(SAMPLE);
    const { taskName, scheduleType, args } = SAMPLE;
    const found = await backend.findByDefinition(taskName, scheduleType, SAMPLE.schedule, args, { a: 2, z: 1 });
    expect(found?.id).toBe('job');
    expect((await backend.dueTimes()).nextRun).toEqual(SAMPLE.nextRun);
  });

  it('may be one of promises, and is not ended', async () => {
    const world = setup();
    const pool = readyPool(world).promise();
    const backend = world.backend({}, pool);
    await backend.create(sampleSchedule('job'));
    await backend.close();
    expect((await pool.query('select 1 as one'))[0]).toEqual([{ one: 1 }]);
  });

  it.each(['utf8', 'latin1'])('is refused with the charset %s, before anything is written', async (charset) => {
    const world = setup();
    await expect(world.backend({}, readyPool(world, { charset })).listAll()).rejects.toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringMatching(/spoken to in (utf8|latin1).*charset: 'utf8mb4'/),
    });
    expect(await world.query(`show tables like '${world.prefix}%'`)).toEqual([]);
  });

  it('hears of errors of a connection once, however often opening failed', async () => {
    const world = setup();
    const connections: PoolConnection[] = [];
    const pool = readyPool(world, { connectionLimit: 1, charset: 'latin1' });
    pool.on('connection', (connection) => void connections.push(connection));
    const backend = world.backend({}, pool);
    const listeners = async () => {
      await expect(backend.listAll()).rejects.toThrow(/charset/);
      return connections.map((connection) => connection.listenerCount('error'));
    };
    const first = await listeners();
    expect(first).toEqual([expect.any(Number)]);
    expect(await listeners()).toEqual(first);
  });

  it('gets sessions at UTC, strict, with limits of time, that read what is committed (SQ-04, SQ-07)', async () => {
    const world = setup();
    const pool = readyPool(world, { connectionLimit: 1 });
    await world.backend({}, pool).create(sampleSchedule('job'));
    const [rows] = await pool.promise().query(`select @@session.time_zone as zone, @@session.sql_mode as mode,
      @@session.innodb_lock_wait_timeout as waits, @@session.idle_transaction_timeout as idle,
      @@session.tx_isolation as isolation`);
    expect(rows).toEqual([
      {
        zone: '+00:00',
        mode: 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
        waits: 3,
        idle: 5,
        isolation: 'READ-COMMITTED',
      },
    ]);
  });
});

describe('sessions that an operator set otherwise', () => {
  /** A pool whose sessions begin with these settings, as by `init_connect`. */
  const oddPool = (world: World, settings: string) => {
    const pool = readyPool(world);
    pool.on('connection', (connection) => connection.query(`set session ${settings}`));
    return pool;
  };

  it.each(['pool', 'Kysely instance'])('of a %s get tables with transactions all the same', async (kind) => {
    const world = setup();
    const pool = oddPool(world, 'default_storage_engine = Aria');
    const db = new Kysely<unknown>({ dialect: new MysqlDialect({ pool }) });
    await world.backend({}, kind === 'pool' ? pool : db).create(sampleSchedule('job'));
    const engines = await world.query(
      `select distinct engine as engine from information_schema.tables
      where table_schema = database() and table_name like '${world.prefix}%'`,
    );
    expect(engines).toEqual([{ engine: 'InnoDB' }]);
  });

  it('list everything, and remove everything, in spite of guards against careless statements', async () => {
    const world = setup();
    const pool = oddPool(world, 'sql_select_limit = 1, sql_safe_updates = 1, max_join_size = 1');
    const backend = world.backend({}, pool);
    for (const id of ['a', 'b', 'c']) await backend.create(sampleSchedule(id));
    expect((await backend.listAll()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(await backend.clear()).toBe(3);
  });
});

describe('an address', () => {
  it('of a user who may have one connection serves many calls, one after the other', async () => {
    const world = setup();
    const user = `u_${world.prefix}`;
    await world.query(`create user ${user} identified by 'p' with max_user_connections 1`);
    onTestFinished(async () => void (await world.query(`drop user ${user}`)));
    await world.query(`grant all on *.* to ${user}`);
    const url = Object.assign(new URL(world.url), { username: user, password: 'p' });
    const backend = world.backend({}, url.href);
    expect(await Promise.all(Array.from({ length: 12 }, () => backend.listAll()))).toHaveLength(12);
    await backend.close();
  });

  it('makes a pool that keeps no process alive', async () => {
    const world = setup();
    const module = new URL('../dist/index.js', import.meta.url).href;
    const program = `
      const { MySQLSchedulerBackend } = await import(${JSON.stringify(module)});
      const backend = new MySQLSchedulerBackend(${JSON.stringify(world.url)}, { tablePrefix: '${world.prefix}' });
      await Promise.all([1, 2, 3].map(() => backend.listAll()));
      backend.waitForChange({ signal: new AbortController().signal });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    onTestFinished(() => void child.kill('SIGKILL'));
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('a Kysely instance that is passed in', () => {
  const setupKysely = (statements: CompiledQuery[], options: PoolOptions = {}) => {
    const world = setup();
    const db = new Kysely<unknown>({
      dialect: new MysqlDialect({ pool: createPool({ uri: world.url, ...options }) }),
      log: ({ query }) => void statements.push(query),
      plugins: [{ transformQuery: () => expect.unreachable(), transformResult: () => expect.unreachable() }],
    });
    onTestFinished(() => db.destroy());
    return { world, db, backend: world.backend({}, db) };
  };

  it('works without its plugins, within the limits of a transaction, and is not ended', async () => {
    const statements: CompiledQuery[] = [];
    const { db, backend } = setupKysely(statements);
    await backend.create(SAMPLE);
    expect(await backend.get('job')).toEqual(SAMPLE);
    expect(statements.some(({ sql }) => sql.includes('idle_transaction_timeout = 5'))).toBe(true);
    expect(statements.some(({ sql }) => sql.includes('isolation level read committed'))).toBe(true);
    await backend.close();
    expect(await db.withoutPlugins().introspection.getSchemas()).not.toEqual([]);
  });

  it('is refused with a schema of its own, which its queries would not have', () => {
    const { db } = setupKysely([]);
    expect(() => new MySQLSchedulerBackend(db.withSchema('billing'))).toThrow(/has a schema by withSchema\(\)/);
  });

  it('is refused where values could end their text', async () => {
    const world = setup();
    const pool = createPool({ uri: world.url });
    pool.on('connection', (connection) => connection.query("set session sql_mode = 'NO_BACKSLASH_ESCAPES'"));
    const db = new Kysely<unknown>({ dialect: new MysqlDialect({ pool }) });
    onTestFinished(() => db.destroy());
    await expect(world.backend({}, db).listAll()).rejects.toThrow(/NO_BACKSLASH_ESCAPES/);
  });
});
