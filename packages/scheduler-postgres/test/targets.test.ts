import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { PostgreSQLSchedulerBackend } from '../src/index.js';
import { World } from './world.js';

const worlds: World[] = [];

function setup(): World {
  const world = new World();
  worlds.push(world);
  return world;
}

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** What may be in a column, and is written differently by those who parse it. */
const SAMPLE = sampleSchedule('job', {
  args: [{ b: 1, a: [null, 'ü', 1.5] }, '1', 9_007_199_254_740_991],
  kwargs: { z: 1, a: 2 },
  nextRun: new Date(1_790_000_000_600),
  jitter: 2 ** 31 + 1,
});

describe('a schema that search_path names', () => {
  it('has tables of its own, also where another one has tables of the same names', async () => {
    const world = setup();
    await world.backend().create(sampleSchedule('here'));
    await world.query('create schema elsewhere');
    onTestFinished(async () => {
      await world.query('drop schema elsewhere cascade');
    });
    const pool = new pg.Pool({ connectionString: world.url, options: '-c search_path=elsewhere' });
    onTestFinished(() => pool.end());
    const elsewhere = world.backend({}, pool);
    await elsewhere.create(sampleSchedule('there'));
    expect(await world.query(`select id from elsewhere.${world.prefix}schedules`)).toEqual([{ id: 'there' }]);
    expect(await world.query(`select id from ${world.prefix}schedules`)).toEqual([{ id: 'here' }]);
  });
});

describe('a pool that is passed in', () => {
  it('may parse integers and JSON in any way (SQ-12)', async () => {
    const parsers: ((oid: number) => (text: string) => unknown)[] = [
      () => (text) => text,
      (oid) => (text) => (oid === 20 || oid === 21 ? BigInt(text) : text),
      (oid) => (text) => (oid === 20 || oid === 21 ? Number(text) : oid === 3802 ? JSON.parse(text) : text),
    ];
    const world = setup();
    for (const getTypeParser of parsers) {
      const pool = new pg.Pool({ connectionString: world.url, types: { getTypeParser: getTypeParser as never } });
      onTestFinished(() => pool.end());
      const backend = world.backend({}, pool);
      await backend.clear();
      await backend.create(SAMPLE);
      expect(await backend.get('job')).toEqual(SAMPLE);
      const { taskName, scheduleType, args } = SAMPLE;
      const found = await backend.findByDefinition(taskName, scheduleType, SAMPLE.schedule, args, { a: 2, z: 1 });
      expect(found?.id).toBe('job');
      expect((await backend.dueTimes()).nextRun).toEqual(SAMPLE.nextRun);
    }
  });

  it('is not ended, and keeps no listener of a backend that was closed', async () => {
    const world = setup();
    const pool = new pg.Pool({ connectionString: world.url });
    onTestFinished(() => pool.end());
    const backend = world.backend({}, pool);
    await backend.create(sampleSchedule('job'));
    await backend.close();
    expect([pool.listenerCount('error'), pool.listenerCount('acquire')]).toEqual([0, 0]);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('keeps the settings of its sessions', async () => {
    const world = setup();
    const pool = new pg.Pool({ connectionString: world.url, max: 1 });
    onTestFinished(() => pool.end());
    const settings = async () =>
      (await pool.query("select name, setting from pg_settings where source = 'session' order by name")).rows;
    const before = await settings();
    const backend = world.backend({}, pool);
    await backend.applyChanges([{ before: null, after: sampleSchedule('job') }]);
    await backend.listAll();
    expect(await settings()).toEqual(before);
  });

  it('is listened on, by a connection of its own', async () => {
    const world = setup();
    const pool = new pg.Pool({ connectionString: world.url, max: 1 });
    onTestFinished(() => pool.end());
    const backend = world.backend({}, pool);
    await backend.waitForChange({ signal: new AbortController().signal });
    const waiting = backend.waitForChange({ signal: new AbortController().signal });
    await world.backend().create(sampleSchedule('job'));
    await waiting;
    expect(pool.totalCount).toBe(1);
  });
});

describe('a Kysely instance that is passed in', () => {
  it('is refused with a schema of its own, which its queries would not have', () => {
    const pool = new pg.Pool({ connectionString: 'postgresql://nobody@127.0.0.1:1/none' });
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
    expect(() => new PostgreSQLSchedulerBackend(db.withSchema('billing'))).toThrow(/has a schema by withSchema\(\)/);
  });

  it('works without its plugins, within the limits of a transaction, and is not ended', async () => {
    const world = setup();
    const statements: CompiledQuery[] = [];
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: world.url }) }),
      log: ({ query }) => void statements.push(query),
      plugins: [{ transformQuery: () => expect.unreachable(), transformResult: () => expect.unreachable() }],
    });
    onTestFinished(() => db.destroy());
    const backend = world.backend({}, db);
    await backend.create(SAMPLE);
    expect(await backend.get('job')).toEqual(SAMPLE);
    expect(statements.some(({ sql }) => sql.includes('set local idle_in_transaction_session_timeout = 5000'))).toBe(
      true,
    );
    await backend.close();
    expect(await db.withoutPlugins().introspection.getSchemas()).not.toEqual([]);
  });
});
