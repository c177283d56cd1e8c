import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseIds, caseTable, joinCases, readCases, summarize } from '../../scripts/cases.mjs';
import { root } from '../../scripts/tools.mjs';

const CASES = readCases(`
| case | what is survived | no test, because |
|---|---|---|
| AA-01 | A store is away. | |
| AA-02 | A clock is wrong. | |
| AA-03 | A page is foreign. | there are no pages |
`);

const ran = (status: string, ...titles: string[]) => ({ package: 'some', titles, status });

describe('the table of cases', () => {
  it('is read with the reasons that stand instead of tests', () => {
    expect(CASES.map(({ id, reason }) => [id, reason])).toEqual([
      ['AA-01', ''],
      ['AA-02', ''],
      ['AA-03', 'there are no pages'],
    ]);
  });

  it('of this project is read whole', () => {
    const markdown = readFileSync(join(root, 'docs/cases.md'), 'utf8');
    const rows = markdown.split('\n').filter((line) => /^\| *[A-Z]/.test(line));
    expect(readCases(markdown)).toHaveLength(rows.length);
    expect(rows.length).toBeGreaterThan(100);
  });
});

describe('a title', () => {
  it.each([
    ['loses nothing (AA-01)', ['AA-01']],
    ['loses nothing, in time (AA-01, AA-02)', ['AA-01', 'AA-02']],
    ['enqueues every slot once (AA-01, SI-1)', ['AA-01']],
    ['is checked by "loses nothing (AA-01)"', []],
    ['AA-01 loses nothing', []],
    ['loses nothing', []],
  ])('%j names %j', (title, ids) => {
    expect(caseIds([title])).toEqual(ids);
  });

  it('counts for all that stands below it', () => {
    expect(caseIds(['a store (AA-01)', 'on a bad day', 'loses nothing (AA-02)'])).toEqual(['AA-01', 'AA-02']);
  });
});

describe('joined with tests, a case', () => {
  const resultsOf = (...tests: ReturnType<typeof ran>[]) => joinCases(CASES, tests).joined.map(({ result }) => result);
  const PROVED = [ran('passed', 'a store', 'loses nothing (AA-01, AA-02)')];

  it('has passed when a test of it has, and none has failed', () => {
    const { joined, faults } = joinCases(CASES, PROVED);
    expect(joined.map(({ result }) => result)).toEqual(['passed', 'passed', 'reason']);
    expect(faults).toEqual([]);
    expect(summarize(joined)).toBe('cases: 2 of 2 passed (1 with a stated reason instead)');
    expect(resultsOf(...PROVED, ran('failed', 'is in time (AA-02)'))).toEqual(['passed', 'failed', 'reason']);
  });

  it('without a test that ran is a fault, also when one was skipped', () => {
    const { joined, faults } = joinCases(CASES, [ran('passed', 'a (AA-01)'), ran('skipped', 'b (AA-02)')]);
    expect(joined[1]).toMatchObject({ id: 'AA-02', result: 'not tested' });
    expect(faults).toEqual([expect.stringMatching(/^AA-02 has no test that ran/)]);
    expect(summarize(joined)).toMatch(/^cases: 1 of 2 passed/);
  });

  it('that nobody wrote down is a fault, and so are two of one id', () => {
    const { faults } = joinCases([...CASES, ...CASES.slice(0, 1)], [...PROVED, ran('passed', 'flies (ZZ-09)')]);
    expect(faults).toEqual([
      expect.stringMatching(/^AA-01 is in .* more than once/),
      expect.stringMatching(/^ZZ-09 is not in .* some: flies/),
    ]);
  });

  it('with a reason against a test is a fault once there is a test', () => {
    const { faults } = joinCases(CASES, [...PROVED, ran('passed', 'shows text only (AA-03)')]);
    expect(faults).toEqual([expect.stringMatching(/^AA-03 has a test now/)]);
  });

  it('is shown with its tests and their results', () => {
    const { joined } = joinCases(CASES, [...PROVED, ran('failed', 'in a | b', 'is in time (AA-02)')]);
    expect(caseTable(joined).split('\n').slice(2)).toEqual([
      '| AA-01 | passed | some | a store › loses nothing (AA-01, AA-02) |',
      '| AA-02 | passed | some | a store › loses nothing (AA-01, AA-02) |',
      '| AA-02 | failed | some | in a \\| b › is in time (AA-02) |',
      '| AA-03 | reason |  | there are no pages |',
      '',
    ]);
  });
});
