import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestApp } from '@flowrra/core/testing';
import { Scheduler } from '@flowrra/scheduler';
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
