import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PARTS } from '../src/parts/index.js';

// Every measurement looks whether what it measured was done, each once: it fails otherwise. Its times are not looked at.
it('does everything that the benchmark measures of Flowrra, once and right', async () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  await promisify(execFile)(process.execPath, ['dist/main.js', '--quick', '--alone'], { cwd: root });
  const { rows } = JSON.parse(readFileSync(new URL('../.reports/report.json', import.meta.url), 'utf8'));
  expect(new Set(rows.map(({ part }: { part: string }) => part))).toEqual(new Set(PARTS.map(({ name }) => name)));
  for (const { title, systems } of rows) expect(systems.Flowrra?.figures ?? systems, title).not.toEqual({});
});
