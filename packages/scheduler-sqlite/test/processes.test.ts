import { monitorEventLoopDelay } from 'node:perf_hooks';
import { BackendError } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import Sqlite from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { SQLiteSchedulerBackend } from '../src/index.js';
import { type SqliteProcess, startSqliteProcess } from './children/sqlite-process.js';
import { temporaryFolder } from './temporary-folder.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function setup(count: number): { file(name: string): string; processes: SqliteProcess[] } {
  const folder = temporaryFolder();
  undo.push(() => folder.remove());
  const processes = Array.from({ length: count }, () => startSqliteProcess());
  undo.push(...processes.map((process) => () => process.end()));
  return { file: (name) => folder.file(name), processes };
}

function openBackend(path: string): SQLiteSchedulerBackend {
  const backend = new SQLiteSchedulerBackend(path);
  undo.push(() => backend.close());
  return backend;
}

describe('several processes on one SQLite file', () => {
  it('start at once on an empty database, 30 times, and all find one schema (SQ-01)', async () => {
    const { file, processes } = setup(5);
    for (let round = 0; round < 30; round++) {
      const path = file(`round-${round}.db`);
      await Promise.all(processes.map((process) => process.tell('openAndClose', path)));
      const database = new Sqlite(path);
      expect(database.prepare('select name from flowrra_migrations').all()).toHaveLength(1);
      database.close();
    }
  });

  it('share it under load: nobody sees a lock, and each slot is claimed once (SQ-05, SI-1)', async () => {
    const { file, processes } = setup(3);
    const path = file('shared.db');
    const backend = openBackend(path);
    const due = Array.from({ length: 300 }, (_, index) => sampleSchedule(`due-${index}`));
    await backend.applyChanges(due.map((after) => ({ before: null, after })));
    await Promise.all(processes.map((process) => process.tell('open', path)));

    const schedules = Array.from({ length: 40 }, () => sampleSchedule('own'));
    const granted = await Promise.all(
      processes.map((process, node) => process.tell('work', `node-${node}`, schedules) as Promise<string[]>),
    );

    const ids = granted.flat();
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(300);
    expect((await backend.dueTimes()).nextRun).toBeNull();
    expect(await backend.listAll()).toHaveLength(300);
  });

  it('waits for a lock of another one without stopping the event loop, and goes on after it (SQ-06)', async () => {
    const { file, processes } = setup(1);
    const [holder] = processes;
    const backend = openBackend(file('held.db'));
    await backend.create(sampleSchedule('before'));
    await holder?.tell('hold', file('held.db'));
    const delay = monitorEventLoopDelay();
    delay.enable();

    const tooEarly = backend.create(sampleSchedule('given-up'));
    await secondsOfHeartbeats(3);
    const inTime = backend.create(sampleSchedule('in-time'));
    expect((await backend.get('before'))?.id).toBe('before');
    await expect(tooEarly).rejects.toThrow(/SQLite file .* was locked by somebody else .* for 10 s/);
    await expect(tooEarly).rejects.toBeInstanceOf(BackendError);
    await holder?.tell('release');
    await inTime;

    delay.disable();
    // Some 20 ms without a load; a synchronous wait for the lock would be the driver's 5,000.
    expect(delay.max / 1e6).toBeLessThan(2_000);
    expect((await backend.listAll()).map(({ id }) => id)).toEqual(['before', 'in-time']);
  });

  it('is held up by nobody who dies in a transaction, and has nothing of it (SQ-05)', async () => {
    const { file, processes } = setup(1);
    const backend = openBackend(file('killed.db'));
    await backend.create(sampleSchedule('kept'));
    await processes[0]?.tell('holdAndDelete', file('killed.db'));
    const creating = backend.create(sampleSchedule('new'));
    await processes[0]?.end();
    await creating;
    expect((await backend.listAll()).map(({ id }) => id)).toEqual(['kept', 'new']);
  });
});

/** Ends when a timer of 100 ms has fired often enough. */
function secondsOfHeartbeats(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    let left = seconds * 10;
    const timer = setInterval(() => {
      if (--left > 0) return;
      clearInterval(timer);
      resolve();
    }, 100);
  });
}
