import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type BaseSchedulerBackend, type Logger, systemClock } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { startPostgres } from '@flowrra/testing-servers';
import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parsePostgresUrl } from '../src/postgres-url.js';
import { World } from './world.js';

const forEver = () => ({ signal: new AbortController().signal });

async function setup() {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  const world = new World(server.url);
  onTestFinished(() => world.close());
  const warnings: string[] = [];
  const logger: Logger = { debug() {}, info() {}, warn: (_data, text) => void warnings.push(text ?? ''), error() {} };
  const waiting = world.backend();
  await waiting.open({ clock: systemClock, logger });
  // The first wait ends when listening has begun.
  await waiting.waitForChange(forEver());
  return { server, world, waiting, warnings };
}

/** What each session did last, and when. */
function sessions(world: World) {
  return world.query(`select pid, query, state_change from pg_stat_activity
    where application_name = 'flowrra-scheduler' order by pid`);
}

async function isWoken(backend: BaseSchedulerBackend, change: () => Promise<unknown>): Promise<void> {
  const waiting = backend.waitForChange(forEver());
  await change();
  await waiting;
}

describe('a node that waits for changes on PostgreSQL', () => {
  it('asks nothing of the server while it waits (SC-10)', async () => {
    const { world, waiting } = await setup();
    const before = await sessions(world);
    expect(before.some(({ query }) => String(query).startsWith('listen'))).toBe(true);
    const other = new World(world.url);
    onTestFinished(() => other.close());
    // A node of other tables is not listened to, and looks itself.
    await isWoken(waiting, async () => {
      await other.backend().create(sampleSchedule('job'));
      expect(await sessions(world)).toEqual(expect.arrayContaining(before));
      await world.query(`notify ${world.prefix}changes, 'somebody'`);
    });
    expect(await sessions(world)).toEqual(expect.arrayContaining(before));
  });

  it('listens again when its connection was ended, and has looked meanwhile (SQ-02)', async () => {
    const { world, waiting, warnings } = await setup();
    const end = () => world.query("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'");
    await isWoken(waiting, end);
    expect(warnings).toEqual([expect.stringContaining('every 5 s until it works again')]);
    await vi.waitFor(async () => {
      expect((await sessions(world)).some(({ query }) => String(query).startsWith('listen'))).toBe(true);
    }, 10_000);
    const changing = world.backend();
    await isWoken(waiting, () => changing.create(sampleSchedule('job')));
  });

  it('listens with the password of a pool that is passed in', async () => {
    const server = await startPostgres({ password: 'hunter2' });
    onTestFinished(() => server.stop());
    const world = new World(server.url);
    onTestFinished(() => world.close());
    const pool = new pg.Pool(parsePostgresUrl(server.url));
    onTestFinished(() => pool.end());
    const waiting = world.backend({}, pool);
    await waiting.waitForChange(forEver());
    expect(await sessions(world)).toContainEqual(expect.objectContaining({ query: `listen "${world.prefix}changes"` }));
  });

  it('looks every few seconds while the server is away, and hears again when it is back', async () => {
    const { server, world, waiting } = await setup();
    await isWoken(waiting, () => server.kill());
    const looked = waiting.waitForChange(forEver()).then(() => 'looked');
    expect(await Promise.race([looked, pause(10_000, 'asleep', { ref: false })])).toBe('looked');
    await server.restart();
    const changing = world.backend();
    await changing.create(sampleSchedule('job'));
    while ((await sessions(world)).every(({ query }) => !String(query).startsWith('listen'))) {
      await waiting.waitForChange(forEver());
    }
    await isWoken(waiting, () => changing.delete('job'));
  }, 60_000);

  it('does not keep its process alive by that', async () => {
    const { world } = await setup();
    const module = new URL('../dist/index.js', import.meta.url).href;
    const program = `
      const { PostgreSQLSchedulerBackend } = await import(${JSON.stringify(module)});
      const backend = new PostgreSQLSchedulerBackend(${JSON.stringify(world.url)}, { tablePrefix: '${world.prefix}' });
      await backend.listAll();
      await backend.waitForChange({ signal: new AbortController().signal });
      backend.waitForChange({ signal: new AbortController().signal });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    onTestFinished(() => void child.kill('SIGKILL'));
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
