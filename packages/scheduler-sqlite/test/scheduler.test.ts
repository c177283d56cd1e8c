import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestApp } from '@flowrra/core/testing';
import { Scheduler } from '@flowrra/scheduler';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { SQLiteSchedulerBackend } from '../src/index.js';

it('a scheduler makes its backend from an address and options, and closes it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flowrra-scheduler-'));
  const file = join(folder, 'schedules.db');
  const { app } = createTestApp();
  const tick = app.task('tick', () => {});
  const options = { tablePrefix: 'billing_' };
  const scheduler = new Scheduler(app, { backend: { url: `sqlite://${file}`, options } });
  await scheduler.scheduleInterval('1h', tick, { id: 'a' });
  await app.stop();

  const other = new SQLiteSchedulerBackend(file);
  expect(await other.listAll()).toEqual([]);
  await other.close();
  const same = new SQLiteSchedulerBackend(file, options);
  expect(await same.listAll()).toMatchObject([{ id: 'a' }]);
  await same.close();
  await rm(folder, { recursive: true });
});

it('a scheduler whose file is locked by somebody else stops with its app in time, also while it is being opened (SH-06)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flowrra-scheduler-'));
  const file = join(folder, 'schedules.db');
  const somebody = new Sqlite(file);
  somebody.exec('create table theirs (id); begin exclusive');
  const { app } = createTestApp();
  const scheduler = new Scheduler(app, { backend: `sqlite://${file}` });
  const calls = Promise.allSettled([scheduler.start(), scheduler.list()]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const asked = performance.now();
  await Promise.all([app.stop(), scheduler.stop()]);
  expect(performance.now() - asked).toBeLessThan(5_000);
  // By the end, and not by the deadline of ten seconds.
  for (const call of await calls) expect(call).toMatchObject({ status: 'rejected', reason: { code: 'STOPPED' } });
  somebody.close();
  await rm(folder, { recursive: true });
});
