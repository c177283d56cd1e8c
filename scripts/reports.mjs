// Reads the JSON reports that the vitest runs leave: adds them up, and lists their tests.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where each package's run leaves its report, relative to the package; ignored by git. */
export const REPORT = '.reports/vitest.json';

/**
 * @typedef {import('./workspace.mjs').WorkspacePackage} WorkspacePackage
 *
 * @typedef {object} Totals
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} remarks what a person should read besides the numbers
 *
 * @typedef {object} TestRun
 * @property {string} package
 * @property {string[]} titles of what the test stands in, from the outside, and its own
 * @property {string} status
 *
 * @typedef {{
 *   fullName: string, ancestorTitles: string[], title: string, status: string, failureMessages: string[]
 * }} TestReport
 * @typedef {{ name: string, status: string, message: string, assertionResults: TestReport[] }} FileReport
 */

/** @param {WorkspacePackage[]} packages */
export function removeReports(packages) {
  for (const { folder } of packages) rmSync(join(folder, REPORT), { force: true });
}

/**
 * A file that could not be loaded and a run without a report count as one failure each: neither may pass unseen.
 * @param {WorkspacePackage[]} packages
 * @returns {Totals}
 */
export function addUpReports(packages) {
  /** @type {Totals} */
  const totals = { passed: 0, failed: 0, remarks: [] };
  for (const one of packages) {
    const { name } = one.manifest;
    const files = readReport(one);
    if (files) for (const file of files) addFile(totals, name, file);
    else {
      totals.failed++;
      totals.remarks.push(`${name}: the test run ended without a report.`);
    }
  }
  return totals;
}

/**
 * The tests of all reports that there are.
 * @param {WorkspacePackage[]} packages
 * @returns {TestRun[]}
 */
export function testsOf(packages) {
  return packages.flatMap((one) =>
    (readReport(one) ?? []).flatMap(({ assertionResults }) =>
      assertionResults.map(({ ancestorTitles, title, status }) => ({
        package: one.manifest.name,
        titles: [...ancestorTitles, title],
        status,
      })),
    ),
  );
}

/**
 * @param {WorkspacePackage} one
 * @returns {FileReport[] | undefined} one for each file of tests; undefined when the run left no report
 */
function readReport({ folder }) {
  const file = join(folder, REPORT);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).testResults : undefined;
}

/**
 * @param {Totals} totals
 * @param {string} name
 * @param {FileReport} file
 */
function addFile(totals, name, file) {
  const failed = file.assertionResults.filter((test) => test.status === 'failed').length;
  totals.passed += file.assertionResults.filter((test) => test.status === 'passed').length;
  totals.failed += failed;
  if (file.status === 'failed' && failed === 0) {
    totals.failed++;
    totals.remarks.push(`${name}: ${file.name} failed outside of its tests: ${file.message}`);
  }
  for (const { status, fullName, failureMessages } of file.assertionResults) {
    if (status === 'failed') totals.remarks.push(`${name}: failed: ${fullName}\n${failureMessages.join('\n')}`);
    else if (status !== 'passed') totals.remarks.push(`${name}: not run (${status}): ${fullName}`);
  }
}
