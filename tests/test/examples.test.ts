import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { promisify } from 'node:util';
import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import { describe, expect, it } from 'vitest';
import { documents, faultyBlocks, readExample, renewBlocks } from '../../scripts/readme-blocks.mjs';
import { root } from '../../scripts/tools.mjs';

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
};

const program = (name: string) => ['--import', 'tsx', new URL(`../examples/${name}`, import.meta.url).pathname];

describe('examples', () => {
  it.each(Object.entries(PRINTED))('%s runs and prints what it should', async (name, printed) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, program(name), { timeout: 30_000 });
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
