// Adds up the JSON reports that the vitest runs leave.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where each package's run leaves its report, relative to the package; ignored by git. */
export const REPORT = '.reports/vitest.json';

/**
 * @typedef {object} Totals
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} remarks what a person should read besides the numbers
 */

/** @param {import('./workspace.mjs').WorkspacePackage[]} packages */
export function removeReports(packages) {
  for (const { folder } of packages) rmSync(join(folder, REPORT), { force: true });
}

/**
 * A file that could not be loaded and a run without a report count as one failure each: neither may pass unseen.
 * @param {import('./workspace.mjs').WorkspacePackage[]} packages
 * @returns {Totals}
 */
export function addUpReports(packages) {
  /** @type {Totals} */
  const totals = { passed: 0, failed: 0, remarks: [] };
  for (const { folder, manifest } of packages) {
    const file = join(folder, REPORT);
    if (!existsSync(file)) {
      totals.failed++;
      totals.remarks.push(`${manifest.name}: the test run ended without a report.`);
      continue;
    }
    addReport(totals, manifest.name, JSON.parse(readFileSync(file, 'utf8')));
  }
  return totals;
}

/**
 * @typedef {{ name: string, status: string, message: string, assertionResults: { fullName: string, status: string }[] }} FileReport
 * @param {Totals} totals
 * @param {string} name
 * @param {{ testResults: FileReport[] }} report
 */
function addReport(totals, name, report) {
  for (const file of report.testResults) {
    const failed = file.assertionResults.filter((test) => test.status === 'failed').length;
    totals.passed += file.assertionResults.filter((test) => test.status === 'passed').length;
    totals.failed += failed;
    if (file.status === 'failed' && failed === 0) {
      totals.failed++;
      totals.remarks.push(`${name}: ${file.name} failed outside of its tests: ${file.message}`);
    }
    for (const test of file.assertionResults) {
      if (test.status !== 'passed' && test.status !== 'failed') {
        totals.remarks.push(`${name}: not run (${test.status}): ${test.fullName}`);
      }
    }
  }
}
