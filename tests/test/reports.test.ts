import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { addUpReports, REPORT } from '../../scripts/reports.mjs';
import { temporaryFolder } from '../support/outside-project.js';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function setup(testResults?: object[]) {
  const folder = await temporaryFolder();
  cleanups.push(folder.remove);
  if (testResults) {
    const file = join(folder.path, REPORT);
    await mkdir(dirname(file));
    await writeFile(file, JSON.stringify({ testResults }));
  }
  return { folder: folder.path, manifest: { name: 'some' } };
}

const tests = (...statuses: string[]) =>
  statuses.map((status) => ({
    status,
    fullName: `a ${status} test`,
    failureMessages: status === 'failed' ? ['1 is not 2', 'nor 3'] : [],
  }));

it('adds up all reports and names what failed, with why, and what did not run', async () => {
  const first = await setup([{ status: 'failed', assertionResults: tests('passed', 'passed', 'failed') }]);
  const second = await setup([{ status: 'passed', assertionResults: tests('passed', 'skipped') }]);
  expect(addUpReports([first, second])).toEqual({
    passed: 3,
    failed: 1,
    remarks: ['some: failed: a failed test\n1 is not 2\nnor 3', 'some: not run (skipped): a skipped test'],
  });
});

it('counts a file that could not be loaded as a failure', async () => {
  const broken = await setup([
    { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
  ]);
  expect(addUpReports([broken])).toMatchObject({
    passed: 0,
    failed: 1,
    remarks: [expect.stringContaining('no such module')],
  });
});

it('counts a run without a report as a failure', async () => {
  expect(addUpReports([await setup()])).toMatchObject({ passed: 0, failed: 1 });
});
