import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Flowrra, TaskStatus } from '@flowrra/core';
import { type RedisServer, startRedis } from '@flowrra/testing-servers';
import { mysqlForTests } from '@flowrra/testing-servers/vitest-mysql';
import { postgresForTests } from '@flowrra/testing-servers/vitest-postgres';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoEnd, runDemo, scheduleCounts, startDemo, taskCounts } from '../support/demo-process.js';
import { temporaryFolder } from '../support/outside-project.js';

const FILES = 60;
const FOLDERS = 4;
const ALL_GOOD = { failed: 0, cancelled: 0, unfinished: 0 };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let redis: RedisServer;

beforeAll(async () => {
  [folder, redis] = await Promise.all([temporaryFolder(), startRedis()]);
  await mkdir(join(folder.path, 'files/node_modules'), { recursive: true });
  await writeFile(join(folder.path, 'files/node_modules/skipped.js'), 'skipped');
  for (let i = 0; i < FILES; i++) {
    const parent = join(folder.path, `files/folder-${i % (FOLDERS - 1)}`);
    await mkdir(parent, { recursive: true });
    await writeFile(join(parent, `file-${i}.ts`), `export const n = ${i};\n`.repeat(i));
  }
});

afterAll(() => Promise.all([folder?.remove(), redis?.stop()]));

const files = () => join(folder.path, 'files');

async function emptyFolder(name: string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path);
  return path;
}

/** Every file went through every task once, and nothing else did. */
function expectAllDone(end: DemoEnd, count: number): void {
  expect(taskCounts(end, 'read-file')).toMatchObject({ success: count, ...ALL_GOOD });
  expect(taskCounts(end, 'compress-file')).toMatchObject({ success: count, ...ALL_GOOD });
  expect(taskCounts(end, 'classify')).toMatchObject({ success: count, ...ALL_GOOD });
  expect(taskCounts(end, 'summarise')).toMatchObject({ success: 1, ...ALL_GOOD });
}

/** Every slot of both schedules was enqueued once and ran once, by one of these nodes. */
function expectSlotsOnce(end: DemoEnd, node: RegExp): void {
  for (const [id, atLeast] of [
    ['rescan', 2],
    ['report', 1],
  ] as const) {
    const { slots, enqueued, skipped, ran, doubled, nodes } = scheduleCounts(end, id);
    expect({ id, enqueued: enqueued + skipped, ran, doubled }).toEqual({
      id,
      enqueued: slots,
      ran: enqueued,
      doubled: 0,
    });
    expect(slots).toBeGreaterThanOrEqual(atLeast);
    for (const name of nodes) expect(name).toMatch(node);
  }
  expect(end.stdout).toContain('none twice, none lost.');
}

describe('in memory', () => {
  it('processes every file once, shows retries, and exits with 0', async () => {
    const end = await runDemo([files()]);
    expect(end.stderr).toBe('');
    expect(end.exitCode).toBe(0);
    expect(taskCounts(end, 'list-folder')).toMatchObject({ success: FOLDERS, ...ALL_GOOD });
    expectAllDone(end, FILES);
    expect(taskCounts(end, 'classify').retries).toBeGreaterThan(0);
    const lines = Array.from({ length: FILES }, (_, i) => i).reduce((sum, i) => sum + i, 0);
    expect(end.stdout).toContain(`${FILES} files, ${lines} lines, `);
    expect(end.stdout).toMatch(/Slowest files\n( +\d+ ms +[\d.]+ K?B {2}folder-\d\/file-\d+\.ts\n){5}/);
  });

  it('fires every slot once with two schedulers on one SQLite file, and leaves nothing behind', async () => {
    const end = await runDemo([files()], { TMPDIR: await emptyFolder('tmp') });
    expect(end).toMatchObject({ exitCode: 0, stderr: '' });
    expectSlotsOnce(end, /^node-[12]$/);
    expect(end.stdout).toMatch(new RegExp(`^report: ${FILES} files in ${FOLDERS} folders at [0-9:]{8} UTC$`, 'm'));
    expect(await readdir(join(folder.path, 'tmp'))).toEqual([]);
  });

  it('writes no escape codes into a pipe', async () => {
    const { stdout } = await runDemo([files()]);
    expect(stdout).toMatch(/^100 %: 60 of 60 files$|^task /m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  });

  it('has little to say about an empty folder, and exits with 0', async () => {
    const end = await runDemo([await emptyFolder('empty')]);
    expect(end).toMatchObject({ exitCode: 0, stderr: '' });
    expect(taskCounts(end, 'list-folder').success).toBe(1);
    expect(end.stdout).toContain('0 files, 0 lines');
  });

  it('says which address of a database is none, and exits with 1', async () => {
    const { exitCode, stdout, stderr } = await runDemo([files()], { DATABASE_URL: 'mongodb://localhost/db' });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^No store is known for "mongodb:".*\n$/);
    expect(stdout).toMatch(/^Flowrra demo over .*\n$/);
  });

  it('says which folder does not exist, and exits with 1', async () => {
    const missing = join(folder.path, 'missing');
    expect(await runDemo([missing])).toEqual({ exitCode: 1, stdout: '', stderr: `There is no folder ${missing}.\n` });
  });

  it('names the file that cannot be read, without trying it again, and exits with 1', async () => {
    const parent = join(folder.path, 'unreadable');
    await mkdir(parent);
    await writeFile(join(parent, 'good.txt'), 'good');
    // Permissions do not stop root; a name that is no UTF-8 stops everybody.
    await writeFile(Buffer.concat([Buffer.from(`${parent}/bad-`), Buffer.from([0xff])]), 'bad');
    const end = await runDemo([parent]);
    expect(end.exitCode).toBe(1);
    expect(taskCounts(end, 'read-file')).toEqual({ success: 1, failed: 1, cancelled: 0, unfinished: 0, retries: 0 });
    expect(end.stdout).toContain('read-file  bad-\uFFFD: cannot be read: its name is not valid UTF-8');
  });

  it('cancels what is open on Ctrl-C, shows what was done, and exits with 130', async () => {
    const many = join(folder.path, 'many');
    await mkdir(many);
    for (let i = 0; i < 60; i++) await writeFile(join(many, `${i}.bin`), randomBytes(2_000_000));
    const demo = startDemo([many]);
    await demo.until(/^ +\d+ %/m);
    demo.kill('SIGINT');
    const end = await demo.ended;
    expect(end.exitCode).toBe(130);
    expect(taskCounts(end, 'compress-file')).toMatchObject({ failed: 0, unfinished: 0 });
    expect(taskCounts(end, 'compress-file').cancelled).toBeGreaterThan(0);
  });
});

/** The servers that may keep the schedules, and how to ask them which tables they have. */
const DATABASES = {
  PostgreSQL: {
    url: postgresForTests,
    async tables(url: string): Promise<string[]> {
      const client = new pg.Client(url);
      await client.connect();
      try {
        const { rows } = await client.query<{ tablename: string }>('select tablename from pg_tables');
        return rows.map(({ tablename }) => tablename);
      } finally {
        await client.end();
      }
    },
  },
  'MySQL or MariaDB': {
    url: mysqlForTests,
    async tables(url: string): Promise<string[]> {
      const connection = await mysql.createConnection(url);
      try {
        const [rows] = await connection.query<mysql.RowDataPacket[]>('show tables');
        return rows.flatMap((row) => Object.values(row).map(String));
      } finally {
        await connection.end();
      }
    },
  },
};

describe.each(Object.entries(DATABASES))('with schedules in %s', (_name, { url, tables }) => {
  it('fires every slot once with a scheduler in each of two worker processes, and leaves no tables', async () => {
    const end = await runDemo([files()], { REDIS_URL: redis.url, DATABASE_URL: url() });
    expect(end).toMatchObject({ exitCode: 0, stderr: '' });
    expectAllDone(end, FILES);
    expectSlotsOnce(end, /^worker-\d+$/);
    expect((await tables(url())).filter((name) => name.includes('demo'))).toEqual([]);
  });

  it('says that the database is not there, without the password, and exits with 1', async () => {
    const down = new URL(url());
    down.port = '1';
    down.password = 'very-secret';
    const { exitCode, stdout, stderr } = await runDemo([files()], { DATABASE_URL: down.href });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^\S+ at \S+ refuses connections\. .*\n$/);
    expect(stdout + stderr).not.toContain('very-secret');
    expect(stdout + stderr).not.toMatch(/^ +at /m);
  });
});

describe('over Redis', () => {
  it('processes every file once with two workers, and exits with 0', async () => {
    const end = await runDemo([files()], { REDIS_URL: redis.url });
    expect(end.stderr).toBe('');
    expect(end.exitCode).toBe(0);
    expect(end.stdout.match(/^worker \d+ started/gm)).toHaveLength(2);
    expect(taskCounts(end, 'list-folder')).toMatchObject({ success: FOLDERS, ...ALL_GOOD });
    expectAllDone(end, FILES);
    expectSlotsOnce(end, /^worker-\d+$/);
  });

  it('loses nothing when a worker is killed with -9 in the middle', async () => {
    const large = join(folder.path, 'large');
    await mkdir(large);
    for (let i = 0; i < 12; i++) await writeFile(join(large, `${i}.bin`), randomBytes(6_000_000));
    const demo = startDemo([large], { REDIS_URL: redis.url });
    const [, pid] = await demo.until(/^worker (\d+) started/m);
    const [, keyPrefix = ''] = await demo.until(/ under (\S+),/);
    await killWhileItRunsSomething(Number(pid), keyPrefix);
    const end = await demo.ended;
    expect(end.stdout).toContain(`worker ${pid} is gone (SIGKILL)`);
    expect(end.stdout).toMatch(/Taken over from a lost worker: [1-9]/);
    expectAllDone(end, 12);
    expectSlotsOnce(end, /^worker-\d+$/);
    expect(end.exitCode).toBe(0);
  });

  it('gives up with exit code 1 when all workers are killed', async () => {
    const demo = startDemo([files()], { REDIS_URL: redis.url });
    const [, first, second] = await demo.until(/^worker (\d+) started[\s\S]*^worker (\d+) started/m);
    process.kill(Number(first), 'SIGKILL');
    process.kill(Number(second), 'SIGKILL');
    const end = await demo.ended;
    expect(end.stdout).toContain('All workers are gone');
    expect(end.exitCode).toBe(1);
  });

  it('says that Redis is down, without the password, and exits with 1', async () => {
    const down = await startRedis();
    await down.stop();
    const url = new URL(down.url);
    url.username = 'someone';
    url.password = 'very-secret';
    const { exitCode, stdout, stderr } = await runDemo([files()], { REDIS_URL: url.href });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^Redis at .* cannot be reached: .*\n$/);
    expect(stdout + stderr).not.toContain('very-secret');
    expect(stdout + stderr).not.toMatch(/^ +at /m);
  });
});

/** A stopped worker cannot finish meanwhile what the question found with it. */
async function killWhileItRunsSomething(pid: number, keyPrefix: string): Promise<void> {
  const observer = new Flowrra({ url: redis.url, keyPrefix });
  try {
    await expect
      .poll(
        async () => {
          process.kill(pid, 'SIGSTOP');
          const running = await observer.listByStatus(TaskStatus.RUNNING);
          const holds = running.some(({ worker }) => worker?.includes(`-${pid}-`));
          process.kill(pid, holds ? 'SIGKILL' : 'SIGCONT');
          return holds;
        },
        { timeout: 20_000, interval: 20 },
      )
      .toBe(true);
  } finally {
    await observer.stop();
  }
}
