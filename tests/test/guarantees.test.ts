import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = new URL('../../docs/guarantees.md', import.meta.url);

/** What stands for a test in the page: its title as the text of a link to its file. */
const TEST_LINK = /\[([^\]]+)\]\(([^)]+\.ts)\)/g;
const TITLE = /(['"`])(?:[A-Z]{2}-\d+,? )*((?:\\.|(?!\1).)+)\1/g;

/** Titles may end with the ids of cases, or have a parameter in parentheses. */
function plain(title: string): string {
  return title.replaceAll(/ ?\([^)]*\)/g, '').replaceAll('\\', '');
}

function titlesIn(source: string): Set<string> {
  return new Set([...source.matchAll(TITLE)].map(([, , title = '']) => plain(title)));
}

/** What a page says that no test backs. */
function faultsOf(text: string, read: (path: string) => string | null): string[] {
  const faults: string[] = [];
  for (const [, title = '', path = ''] of text.matchAll(TEST_LINK)) {
    const source = read(path);
    if (source === null) faults.push(`There is no ${path}.`);
    else if (!titlesIn(source).has(plain(title))) faults.push(`${path} has no test "${title}".`);
  }
  for (const row of text.split('\n').filter((line) => line.startsWith('| '))) {
    const isHeader = row.startsWith('| Fault |');
    const isProved = row.search(TEST_LINK) >= 0 || /\| (the same \||Not promised)/.test(row);
    if (!isHeader && !isProved) faults.push(`No test backs: ${row}`);
  }
  return faults;
}

describe('docs/guarantees.md', () => {
  it('promises nothing without naming a test that exists', () => {
    const read = (path: string) => {
      const file = new URL(path, page);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    };
    const text = readFileSync(page, 'utf8');
    expect(text.match(TEST_LINK)?.length).toBeGreaterThan(80);
    expect(faultsOf(text, read)).toEqual([]);
  });
});

describe('the check of it', () => {
  const sources: Record<string, string> = {
    'a.test.ts':
      "it('loses nothing (BK-01)', f); it('SC-01, SC-02 ends it (%s), once', f); it(\"takes the server's time\", f)",
  };
  const check = (text: string) => faultsOf(text, (path) => sources[path] ?? null);

  it('finds a test whatever case ids and parameters its title has', () => {
    const titles = ['loses nothing', 'ends it, once', "takes the server's time"];
    expect(check(titles.map((title) => `| a | b | c | [${title}](a.test.ts) |`).join('\n'))).toEqual([]);
  });

  it('reports a test that is gone, a file that is gone, and a line without either', () => {
    expect(
      check('[loses](a.test.ts), [loses nothing](b.test.ts)\n| a | b | c | |\n| a | b | Not promised | |'),
    ).toEqual(['a.test.ts has no test "loses".', 'There is no b.test.ts.', 'No test backs: | a | b | c | |']);
  });
});
