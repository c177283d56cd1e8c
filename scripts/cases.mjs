// Joins the cases of docs/cases.md with the tests that carry their ids: which test proved which case. Runs at the end of
// `npm test`; `node scripts/cases.mjs` does the same with whatever reports the last runs left.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { testsOf } from './reports.mjs';
import { root } from './tools.mjs';
import { workspacePackages } from './workspace.mjs';

const CASES = 'docs/cases.md';
/** Where the joined table goes; ignored by git. */
const TABLE = '.reports/cases.md';

/** A row of docs/cases.md: the id, what is survived, and why there is no test, if there is none. */
const ROW = /^\| ([A-Z]{2}-\d\d) \| (.+?) \| (.*?) ?\|$/gm;
/** The end of a title. Invariants of the history checker, with one digit, may stand there too: `(SC-01, SI-1)`. */
const IDS_AT_END = /\(((?:[A-Z]{2}-\d+, )*[A-Z]{2}-\d+)\)$/;
const CASE_ID = /^[A-Z]{2}-\d\d$/;

/**
 * @typedef {{ id: string, survived: string, reason: string }} Case
 * @typedef {import('./reports.mjs').TestRun} TestRun
 * @typedef {'passed' | 'failed' | 'not tested' | 'reason'} CaseResult
 * @typedef {Case & { result: CaseResult, tests: TestRun[] }} JoinedCase
 */

/**
 * @param {string} markdown
 * @returns {Case[]}
 */
export function readCases(markdown) {
  return [...markdown.matchAll(ROW)].map(([, id = '', survived = '', reason = '']) => ({ id, survived, reason }));
}

/**
 * The cases that a test proves. Only the end of a title counts: a title that quotes the name of another test proves nothing.
 * @param {readonly string[]} titles of the test and of what it stands in
 */
export function caseIds(titles) {
  return titles.flatMap((title) => IDS_AT_END.exec(title)?.[1]?.split(', ') ?? []).filter((id) => CASE_ID.test(id));
}

/**
 * @param {readonly Case[]} cases
 * @param {readonly TestRun[]} tests
 * @returns {{ joined: JoinedCase[], faults: string[] }} a failed test is no fault of the table: it is counted already
 */
export function joinCases(cases, tests) {
  /** @type {Map<string, TestRun[]>} */
  const byCase = new Map(cases.map(({ id }) => [id, []]));
  const faults = duplicates(cases).map((id) => `${id} is in ${CASES} more than once.`);
  for (const test of tests) {
    for (const id of new Set(caseIds(test.titles))) {
      const known = byCase.get(id);
      if (known) known.push(test);
      else faults.push(`${id} is not in ${CASES}, but in the name of a test of ${test.package}: ${test.titles.at(-1)}`);
    }
  }
  const joined = cases.map((one) => {
    const ran = (byCase.get(one.id) ?? []).filter(({ status }) => status === 'passed' || status === 'failed');
    return { ...one, result: resultOf(one, ran), tests: ran };
  });
  for (const { id, result, reason, tests: ran } of joined) {
    if (result === 'not tested') faults.push(`${id} has no test that ran, and no reason for that in ${CASES}.`);
    if (reason && ran.length > 0) faults.push(`${id} has a test now: take the reason against it out of ${CASES}.`);
  }
  return { joined, faults };
}

/**
 * @param {readonly JoinedCase[]} joined
 * @returns {string} for a person who reads the end of a test run
 */
export function summarize(joined) {
  const withReason = joined.filter(({ result }) => result === 'reason').length;
  const passed = joined.filter(({ result }) => result === 'passed').length;
  return `cases: ${passed} of ${joined.length - withReason} passed (${withReason} with a stated reason instead)`;
}

/** @param {readonly JoinedCase[]} joined */
export function caseTable(joined) {
  const rows = joined.flatMap(({ id, result, reason, tests }) =>
    tests.length === 0
      ? [[id, result, '', reason]]
      : tests.map((test) => [id, test.status, test.package, test.titles.join(' › ')]),
  );
  const lines = rows.map((cells) => `| ${cells.map(asCell).join(' | ')} |`);
  return ['| case | result | package | test |', '|---|---|---|---|', ...lines, ''].join('\n');
}

/**
 * Writes the table of what the reports of these packages prove.
 * @param {import('./workspace.mjs').WorkspacePackage[]} packages
 * @returns {{ summary: string, faults: string[] }}
 */
export function reportCases(packages) {
  const cases = readCases(readFileSync(join(root, CASES), 'utf8'));
  const { joined, faults } = joinCases(cases, testsOf(packages));
  const file = join(root, TABLE);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, caseTable(joined));
  return { summary: summarize(joined), faults };
}

/** @param {readonly Case[]} cases */
function duplicates(cases) {
  const ids = cases.map(({ id }) => id);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

/**
 * @param {Case} one
 * @param {readonly TestRun[]} ran
 * @returns {CaseResult}
 */
function resultOf({ reason }, ran) {
  if (ran.some(({ status }) => status === 'failed')) return 'failed';
  if (ran.length > 0) return 'passed';
  return reason ? 'reason' : 'not tested';
}

/** @param {string} text */
function asCell(text) {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { summary, faults } = reportCases(workspacePackages());
  console.log([...faults, summary].join('\n'));
  process.exitCode = faults.length > 0 ? 1 : 0;
}
