import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CpuJob } from '../../src/executors/cpu-job.js';
import { fixture, job, resultOf, runProgram, setup } from './cpu-setup.js';

const source = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;

/** The message of the CpuModuleError that the job ends with. */
async function moduleError(work: CpuJob): Promise<string> {
  const { run } = setup();
  const end = await run(work);
  expect(end).toMatchObject({
    status: 'failed',
    retry: 'never',
    error: { name: 'CpuModuleError', code: 'CPU_MODULE' },
  });
  const message = end.status === 'failed' ? end.error.message : '';
  expect(message).toContain(work.module);
  expect(message).toContain(`"${work.exportName}"`);
  expect(resultOf(await run(job('add', [1, 1])))).toBe(2);
  return message;
}

describe('a CPU task that cannot be loaded says which module and export, and what to do', () => {
  it('when the file does not exist', async () => {
    expect(await moduleError(job('add', [], { module: fixture('not-there.mjs') }))).toContain(
      'does not exist. Check the URL',
    );
  });

  it('when the module imports a file that does not exist', async () => {
    expect(await moduleError(job('add', [], { module: fixture('cpu-missing-import.mjs') }))).toMatch(
      /cannot be loaded.*not-there\.mjs/,
    );
  });

  it('when there is no such export', async () => {
    const module = source('export const one = () => 1; export default 2;');
    expect(await moduleError(job('two', [], { module }))).toContain(
      'does not exist. The module exports: default, one.',
    );
  });

  it('when the export is no function', async () => {
    expect(await moduleError(job('notAFunction'))).toContain('is no function but a number');
  });

  it('when the module has a syntax error', async () => {
    expect(await moduleError(job('broken', [], { module: source('export const broken = () => 1 +;') }))).toContain(
      "cannot be loaded: Unexpected token ';'",
    );
  });

  it.each([
    ['an error', 'throw new RangeError("the module threw")', 'cannot be loaded: the module threw'],
    ['another value', 'throw "text"', 'threw a value that is no error'],
  ])('when the code of the module throws %s', async (_what, code, message) => {
    expect(await moduleError(job('add', [], { module: source(code) }))).toContain(message);
  });
});

describe('a CommonJS module', () => {
  it('serves as the module of a CPU task, whichever way it names its exports', async () => {
    const { run } = setup();
    const module = fixture('cpu-handlers.cjs');
    expect(resultOf(await run(job('twice', [21], { module })))).toBe(42);
    expect(resultOf(await run(job('thrice', [14], { module })))).toBe(42);
  });
});

describe('a TypeScript module', () => {
  const shout = job('shout', ['hello'], { module: fixture('cpu-handlers.ts') });
  const nodeStripsTypes = 'typescript' in process.features && Boolean(process.features.typescript);

  // Node only strips types: `./other.js` stays `./other.js`.
  const plain = job('shout', ['hello'], { module: fixture('cpu-plain.ts') });

  it(nodeStripsTypes ? 'runs in this Node' : 'says what it needs in this Node', async () => {
    if (nodeStripsTypes) {
      const { run } = setup();
      expect(resultOf(await run(plain))).toBe('HELLO!');
    } else {
      expect(await moduleError(plain)).toMatch(/is TypeScript.*Build it.*--import tsx.*Node 22\.18/);
    }
  });

  it.each([
    ['--import tsx', { nodeArgs: ['--import', 'tsx'] }],
    ['--import=tsx', { nodeArgs: ['--import=tsx'] }],
    ['NODE_OPTIONS', { nodeArgs: [], env: { NODE_OPTIONS: '--import tsx' } }],
    ['the command tsx', { nodeArgs: [fileURLToPath(import.meta.resolve('tsx/cli'))] }],
  ])('runs in a process started with %s', async (_how, options) => {
    const unbuilt = { ...shout, module: fixture('cpu-handlers.js') };
    const commonJs = job('whisper', ['HELLO'], { module: fixture('cpu-commonjs/handlers.ts') });
    const { ends, stderr } = await runProgram([shout, plain, unbuilt, commonJs, job('add', [1, 1])], options);
    expect(stderr).toBe('');
    expect(ends.map(resultOf)).toEqual(['HELLO!', 'HELLO!', 'HELLO!', 'hello', 2]);
  });
});
