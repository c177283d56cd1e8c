// `npm test`: installs, gets the server programs, builds, runs every package's tests and tests/. The last lines are the
// cases that were proved and the sum over all runs.
import { reportCases } from './cases.mjs';
import { addUpReports, REPORT, removeReports } from './reports.mjs';
import { ensureServers } from './servers.mjs';
import { install, loudly, quietly, turbo } from './tools.mjs';
import { workspacePackages } from './workspace.mjs';

await install();
await ensureServers();
await quietly('Building', turbo('build', '--output-logs=errors-only'));

const tested = workspacePackages().filter(({ manifest }) => manifest.scripts?.test);
removeReports(tested);
// Only the tests: everything is built, and turbo would build it once more because of the arguments after the dashes.
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
/** @param {string[]} which */
const test = (...which) => loudly(turbo('test', '--only', '--continue', ...which, '--', ...reporters));
// Two packages at a time, as a small machine has two cores; then by themselves those of the whole, which load it fully.
const exitCodes = [await test('--concurrency=2', '--filter=!@flowrra/tests'), await test('--filter=@flowrra/tests')];
const exitCode = Math.max(...exitCodes);

const { passed, failed, remarks } = addUpReports(tested);
const { summary, faults } = reportCases(tested);
for (const remark of [...remarks, ...faults]) console.log(remark);
if (exitCode !== 0 && failed === 0) console.log('A test run failed outside of its tests; see its output above.');
if (passed === 0) console.log('No test passed.');
const failures = failed + faults.length || (exitCode !== 0 ? 1 : 0);
console.log(summary);
console.log(`${passed} passed, ${failures} failed`);
process.exitCode = failures > 0 || passed === 0 ? 1 : 0;
