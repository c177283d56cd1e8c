import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SQLiteSchedulerBackend } from '../src/index.js';

/** What a DBA's hand can write, and no date can be. */
const BEYOND = [9_000_000_000_000_000_000n, -9_000_000_000_000_000_000n, -8_640_000_000_000_001n];

let database: Sqlite.Database;
let backend: SQLiteSchedulerBackend;

beforeEach(async () => {
  database = new Sqlite(':memory:');
  backend = new SQLiteSchedulerBackend(database);
  await backend.create(sampleSchedule('whole'));
  await backend.create(sampleSchedule('spoilt'));
});

afterEach(async () => {
  await backend.close();
  database.close();
});

function write(column: string, value: unknown): void {
  database.prepare(`update flowrra_schedules set ${column} = ? where id = 'spoilt'`).run(value);
}

describe('A schedule that somebody edited by hand', () => {
  it.each(BEYOND)('holds up no other one when its next run is %d (SC-12)', async (instant) => {
    write('next_run', instant);
    expect((await backend.dueTimes()).nextRun?.getTime()).not.toBeNaN();
    const { schedules } = await backend.readDue({ limit: 10 });
    expect(schedules.map(({ id }) => id)).toEqual(['whole']);
    expect(await backend.get('spoilt')).toMatchObject({ error: expect.stringContaining('no date') });
  });

  it('says so when its next run is a text, which SQLite takes (SC-12)', async () => {
    write('next_run', '2026-01-01 12:00:00');
    expect(await backend.get('spoilt')).toMatchObject({ error: expect.stringContaining('no date') });
    await backend.delete('whole');
    expect((await backend.dueTimes()).nextRun).toEqual(new Date(8.64e15));
  });

  it('is set aside once, and fires again when somebody repaired it (SC-12)', async () => {
    write('start_at', BEYOND[0]);
    await backend.readDue({ limit: 10 });
    expect((await backend.get('spoilt'))?.nextRun).toBeNull();
    write('start_at', null);
    write('next_run', Number(sampleSchedule('spoilt').nextRun));
    const { schedules } = await backend.readDue({ limit: 10 });
    expect(schedules.map(({ id }) => id)).toEqual(['spoilt', 'whole']);
  });

  it('is pushed by nobody while it is damaged, and its firing is told from others', async () => {
    await backend.claimDue([sampleDecision(sampleSchedule('spoilt'))], { node: 'a' });
    write('created_at', BEYOND[0]);
    const [unsubmitted] = await backend.unsubmittedFirings({ olderThan: 0, limit: 10 });
    expect(unsubmitted).toMatchObject({ firing: { scheduleId: 'spoilt' }, schedule: null });
  });

  it('shows dates also where the ledger was edited', async () => {
    await backend.claimDue([sampleDecision(sampleSchedule('spoilt'))], { node: 'a' });
    database.prepare('update flowrra_firings set claimed_at = ?').run(BEYOND[1]);
    expect((await backend.dueTimes()).oldestClaim).toEqual(new Date(-8.64e15));
  });

  it('whose table somebody dropped is told of in words that help', async () => {
    const startAgain = async () => {
      await backend.close();
      backend = new SQLiteSchedulerBackend(database);
      return backend.listAll();
    };
    database.exec('drop table flowrra_schedules');
    const advice = /was dropped\. Restore it.* or drop the other tables .* and restart/;
    await expect(backend.listAll()).rejects.toThrow(advice);
    await expect(startAgain()).rejects.toThrow(advice);
    for (const table of ['firings', 'migrations', 'migrations_lock']) database.exec(`drop table flowrra_${table}`);
    expect(await startAgain()).toEqual([]);
  });

  it('is kept when the record of migrations was lost', async () => {
    database.exec('delete from flowrra_migrations');
    await backend.close();
    backend = new SQLiteSchedulerBackend(database);
    expect(await backend.listAll()).toHaveLength(2);
  });
});
