import { BackendError, type ScheduledTask } from '@flowrra/core';
import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { dropTables } from '@flowrra/scheduler/sql';
import Sqlite, { type Database } from 'better-sqlite3';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SQLiteSchedulerBackend } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A backend whose statements are on record. */
async function setup(schedules: readonly ScheduledTask[] = []) {
  const folder = temporaryFolder();
  undo.push(() => folder.remove());
  const database = new Sqlite(folder.file('schedule.db'), { timeout: 0 });
  const queries: CompiledQuery[] = [];
  const kysely = new Kysely<unknown>({
    dialect: new SqliteDialect({ database }),
    log: ({ query }) => void queries.push(query),
  });
  const backend = new SQLiteSchedulerBackend(kysely);
  undo.push(
    () => kysely.destroy(),
    () => backend.close(),
  );
  await backend.applyChanges(schedules.map((after) => ({ before: null, after })));
  const during = async (work: () => Promise<unknown>): Promise<CompiledQuery[]> => {
    queries.length = 0;
    await work();
    return [...queries];
  };
  return { backend, database, during, path: folder.file('schedule.db') };
}

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds));
const tenThousand = (): ScheduledTask[] => Array.from({ length: 10_000 }, (_, index) => sampleSchedule(`job-${index}`));

/** One line for each step of SQLite's plan. */
function plan(database: Database, { sql, parameters }: CompiledQuery): string {
  const steps = database.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[];
  return steps.map(({ detail }) => detail).join('\n');
}

describe('statements on SQLite', () => {
  it('ask for due times in one statement that reads the ends of two indexes, with 10,000 schedules', async () => {
    const { backend, database, during } = await setup(tenThousand());
    for (const exceptTasks of [[], ['reports.other']]) {
      const [query, ...others] = await during(() => backend.dueTimes({ exceptTasks }));
      expect(others).toEqual([]);
      expect.assert(query);
      const text = plan(database, query);
      expect(text).toMatch(
        /SEARCH flowrra_schedules USING .*INDEX flowrra_schedules_due \(enabled=\? AND next_run>\?\)/,
      );
      expect(text).toMatch(/SEARCH f USING .*INDEX flowrra_firings_claimed \(state=\?\)/);
      expect(text).not.toMatch(/SCAN (flowrra|f\b)|TEMP B-TREE/);
    }
  });

  it('are none for due times as long as nobody writes, over whichever connection', async () => {
    const { path } = await setup([sampleSchedule('job', { nextRun: at(1) })]);
    const backend = new SQLiteSchedulerBackend(path);
    const other = new Sqlite(path);
    undo.push(
      () => other.close(),
      () => backend.close(),
    );
    const setNextRun = other.prepare('update flowrra_schedules set next_run = ?');
    const prepare = vi.spyOn(Sqlite.prototype, 'prepare');
    undo.push(() => prepare.mockRestore());
    const ask = async (exceptTasks: string[] = []) => {
      prepare.mockClear();
      const { nextRun } = await backend.dueTimes({ exceptTasks });
      return { nextRun, asked: prepare.mock.calls.some(([source]) => source.startsWith('select')) };
    };

    expect(await ask()).toEqual({ nextRun: at(1), asked: true });
    expect(await ask()).toEqual({ nextRun: at(1), asked: false });
    expect(await ask(['reports.build'])).toEqual({ nextRun: null, asked: true });
    expect(await ask(['reports.build'])).toEqual({ nextRun: null, asked: false });
    setNextRun.run(at(2).getTime());
    expect(await ask()).toEqual({ nextRun: at(2), asked: true });
    await backend.create(sampleSchedule('sooner', { nextRun: at(0) }));
    expect(await ask()).toEqual({ nextRun: at(0), asked: true });
    expect(await ask()).toEqual({ nextRun: at(0), asked: false });
    await dropTables(backend);
    await expect(ask()).rejects.toThrow(BackendError);
  });

  it('ask for due times each time over a connection of the user, who may write over it as well', async () => {
    const { backend, database } = await setup([sampleSchedule('job', { nextRun: at(1) })]);
    expect(await backend.dueTimes()).toMatchObject({ nextRun: at(1) });
    database.prepare('update flowrra_schedules set next_run = ?').run(at(2).getTime());
    expect(await backend.dueTimes()).toMatchObject({ nextRun: at(2) });
  });

  it('read what is due in one statement by the index, without sorting, with 10,000 schedules (SQ-04)', async () => {
    const { backend, database, during } = await setup(tenThousand());
    const [query, ...others] = await during(() => backend.readDue({ limit: 500 }));
    expect(others).toEqual([]);
    expect.assert(query);
    const text = plan(database, query);
    expect(text).toMatch(/SEARCH flowrra_schedules USING INDEX flowrra_schedules_due/);
    expect(text).not.toMatch(/SCAN|TEMP B-TREE/);
  });

  it('claim 500 schedules in two statements, by index (SQ-04)', async () => {
    const { backend, database, during } = await setup(tenThousand());
    const { schedules } = await backend.readDue({ limit: 500 });
    const decisions = schedules.map((task) => sampleDecision(task));
    const queries = await during(() => backend.claimDue(decisions, { node: 'node-1' }));
    expect(queries.map(({ sql }) => sql.split(' ')[0])).toEqual(['begin', 'insert', 'update', 'commit']);
    const plans = queries.slice(1, 3).map((query) => plan(database, query));
    expect(plans[1]).toMatch(/SEARCH flowrra_schedules USING INDEX sqlite_autoindex_flowrra_schedules_1 \(id=\?\)/);
    expect(plans.join('\n')).not.toMatch(/SCAN flowrra/);
  });

  it('claim what is still due when some of it is not, also by index', async () => {
    const { backend, database, during } = await setup(tenThousand());
    const { schedules } = await backend.readDue({ limit: 500 });
    const decisions = schedules.map((task) => sampleDecision(task));
    await backend.claimDue(decisions.slice(0, 100), { node: 'node-1' });
    let claimed = 0;
    const queries = await during(async () => {
      claimed = (await backend.claimDue(decisions, { node: 'node-2' })).length;
    });
    expect(claimed).toBe(400);
    const again = queries.slice(queries.findIndex(({ sql }) => sql === 'rollback') + 1);
    expect(again.map(({ sql }) => sql.split(' ')[0])).toEqual([
      'begin',
      'select',
      'select',
      'insert',
      'update',
      'commit',
    ]);
    const plans = [1, 2, 4].map((index) => plan(database, again[index] as CompiledQuery));
    for (const text of plans) expect(text).toMatch(/SEARCH flowrra_\w+ USING .*INDEX sqlite_autoindex_/);
    expect(plans.join('\n')).not.toMatch(/SCAN flowrra/);
  });

  it('mark 500 firings of one slot in one statement, each by its key', async () => {
    const { backend, database, during } = await setup(tenThousand());
    const { schedules } = await backend.readDue({ limit: 500 });
    const firings = await backend.claimDue(
      schedules.map((task) => sampleDecision(task)),
      { node: 'node-1' },
    );
    const queries = await during(() => backend.markFirings(firings, { state: 'submitted' }));
    expect(queries.map(({ sql }) => sql.split(' ')[0])).toEqual(['begin', 'update', 'commit']);
    const text = plan(database, queries[1] as CompiledQuery);
    expect(text).toMatch(
      /SEARCH flowrra_firings USING INDEX sqlite_autoindex_flowrra_firings_1 \(schedule_id=\? AND slot=\? AND id=\?\)/,
    );
    expect(text).not.toMatch(/SCAN flowrra/);
  });

  it('look for unsubmitted firings by the index', async () => {
    const { backend, database, during } = await setup([sampleSchedule('a')]);
    const [query] = await during(() => backend.unsubmittedFirings({ olderThan: 5_000, limit: 100 }));
    expect.assert(query);
    expect(plan(database, query)).toMatch(
      /SEARCH f USING INDEX flowrra_firings_claimed \(state=\? AND claimed_at<\?\)/,
    );
  });

  it('begin every write with the lock (SQ-05)', async () => {
    const { backend, during } = await setup([sampleSchedule('a'), sampleSchedule('b')]);
    const [a] = await backend.listAll();
    expect.assert(a);
    const writes = [
      () => backend.create(sampleSchedule('c')),
      () => backend.update(a),
      () => backend.updateRunTimes('a', new Date(1), null),
      () => backend.applyChanges([{ before: null, after: sampleSchedule('d') }]),
      () => backend.claimDue([sampleDecision(sampleSchedule('b'))], { node: 'node-1' }),
      () => backend.delete('c'),
      () => backend.clear(),
    ];
    for (const write of writes) {
      const [first, ...others] = await during(write);
      expect(first?.sql).toBe('begin immediate');
      expect(others.filter(({ sql }) => sql.startsWith('begin'))).toEqual([]);
    }
  });

  it('hear of another connection by its change counter, and ask nothing else meanwhile (SC-10)', async () => {
    const { backend, during, path } = await setup([sampleSchedule('a')]);
    const other = new SQLiteSchedulerBackend(path);
    undo.push(() => other.close());
    await other.listAll();
    const { signal } = new AbortController();
    // The first wait ends at once: something may have changed before listening began.
    await backend.waitForChange({ signal });

    const queries = await during(async () => {
      let heard = false;
      const waiting = backend.waitForChange({ signal }).then(() => {
        heard = true;
      });
      await vi.waitFor(() => expect(heard).toBe(true), { timeout: 100 }).catch(() => {});
      expect(heard).toBe(false);
      await other.create(sampleSchedule('b'));
      await waiting;
    });

    expect(queries.length).toBeGreaterThan(0);
    expect(new Set(queries.map(({ sql }) => sql))).toEqual(new Set(['pragma data_version']));
  });

  it('create 10,000 schedules in a few statements', async () => {
    const { backend, during } = await setup();
    const changes = tenThousand().map((after) => ({ before: null, after }));
    expect((await during(() => backend.applyChanges(changes))).length).toBeLessThan(40);
  });
});
