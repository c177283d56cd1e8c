import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documents, faultyBlocks, readExample, renewBlocks } from '../../scripts/readme-blocks.mjs';
import { root } from '../../scripts/tools.mjs';
import { temporaryFolder } from '../support/outside-project.js';

/** What each example prints. */
const PRINTED: Record<string, string> = {
  'first-example.ts': '5\n',
  'submitting.ts': "true\n[ 'sent to f@example.com', 'sent to g@example.com' ]\nsent to h@example.com\n",
  'handlers.ts': "order-1: 995 charged { step: 'asking the bank' }\ncancelled\n",
  'cpu/main.ts': '894596383eccea8ea4cf8a767cd572ef651f7afbd973dd5bc8983e2e08ec8d5d\n',
  'kwargs.ts': 'ada@example.com: Hello\n',
  'schemas.ts': 'cat.png at 80\ntrue\n',
  'contracts.ts': 'cat.png at 80\n',
  'middleware-and-events.ts': 'add begins\nadd ended: success\n5\n',
  'memory/one-process.ts': '3\n',
  'own-backend/register.ts': 'MapBackend\n5\n',
  'memory/two-halves.ts': '',
  'redis/one-url.ts': '',
  'redis/two-stores.ts': '',
  'results.ts': '2\n5 is odd\nfailed Error\nsuccess\n[ true ]\n',
  'scheduling/first-schedule.ts': 'Hello, Ada!\n',
  'scheduling/three-kinds.ts': `[ 2040-03-31T21:30:00.000Z, 2040-06-30T21:30:00.000Z ]
[ 'nightly: 0 3 * * mon-fri' ]
true null
`,
  'scheduling/summer-time.ts': `[
  2040-03-24T01:30:00.000Z,
  2040-03-25T01:30:00.000Z,
  2040-03-26T00:30:00.000Z
]
[
  2040-10-27T00:30:00.000Z,
  2040-10-28T00:30:00.000Z,
  2040-10-29T01:30:00.000Z
]
`,
  'scheduling/declared.ts': `+ africa 2040-01-01T05:00:00.000Z
~ europe [ 'schedule' ] 2040-01-01T06:00:00.000Z 2040-01-01T07:00:00.000Z
- asia
0 unchanged
[ 'africa', 'europe' ]
`,
  'scheduling/history.ts': `saved orders
manual submitted true
not-a-slot · 2040-06-01T04:00:00.000Z is not a slot: the one before is 2040-06-01T03:00:00.000Z, the next one is 2040-06-02T03:00:00.000Z.
upcoming
`,
  'scheduling/health.ts': '200\n',
  'schedulers/sqlite.ts': '',
  'schedulers/postgres.ts': '',
  'schedulers/mysql.ts': '',
};

// Resolved here: the examples run in a folder of their own, where they may leave files.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const program = (name: string) => ['--import', tsx, new URL(`../examples/${name}`, import.meta.url).pathname];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder?.remove());

describe('examples', () => {
  it.each(Object.entries(PRINTED))('%s runs and prints what it should', async (name, printed) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, program(name), {
      cwd: folder.path,
      timeout: 30_000,
    });
    expect(stderr).toBe('');
    expect(stdout.split('\n').sort()).toEqual(printed.split('\n').sort());
  });

  it('a worker process over Redis serves a producer, and ends with 0 after SIGTERM', async () => {
    const env = { ...process.env, FLOWRRA_URL: redisForTests(), FLOWRRA_KEY_PREFIX: `examples-${process.pid}` };
    const worker = spawn(process.execPath, program('redis/worker.ts'), { env, stdio: 'inherit' });
    const ended = once(worker, 'exit');
    const { stdout } = await promisify(execFile)(process.execPath, program('redis/producer.ts'), { env });
    expect(stdout).toBe('Hello, Ada!\n');
    worker.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('a process that only schedules enqueues what a worker process runs, and both end with 0 after SIGTERM', async () => {
    const env = {
      ...process.env,
      FLOWRRA_URL: redisForTests(),
      FLOWRRA_KEY_PREFIX: `examples-${process.pid}-schedules`,
      DATABASE_URL: `sqlite://${join(folder.path, 'alone.db')}`,
    };
    const worker = spawn(process.execPath, program('scheduling/processes/worker.ts'), {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const scheduler = spawn(process.execPath, program('scheduling/processes/scheduler.ts'), { env, stdio: 'inherit' });
    const ended = Promise.all([once(worker, 'exit'), once(scheduler, 'exit')]);
    const [printed] = await once(worker.stdout, 'data');
    expect(String(printed)).toMatch(/^Hello, Ada!\n/);
    scheduler.kill('SIGTERM');
    worker.kill('SIGTERM');
    expect(await ended).toEqual([
      [0, null],
      [0, null],
    ]);
  });

  it('the first one has ten lines', () => {
    expect(readExample('tests/examples/first-example.ts').trimEnd().split('\n')).toHaveLength(10);
  });
});

describe('documentation', () => {
  it.each(documents().map((path) => relative(root, path)))('every block of %s is a tested file', (path) => {
    expect(faultyBlocks(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), readExample)).toEqual([]);
  });

  it('a block that differs from its file is found and renewed, one without a file is found', () => {
    const text = '<!-- tests/examples/a.ts -->\n```ts\nold();\n```\n\n```ts\nlost();\n```\n';
    const faults = faultyBlocks(text, () => 'fresh();\n');
    expect(faults[0]).toContain('tests/examples/a.ts differs');
    expect(faults[1]).toContain('"lost();"');
    expect(renewBlocks(text, () => 'fresh();\n')).toBe(text.replace('old', 'fresh'));
  });
});
