// Two rules of the house that a linter does not know. `npm run lint` runs them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root } from './tools.mjs';
import { publishablePackages } from './workspace.mjs';

const CLOCK = 'packages/core/src/clock.ts';
const CLOCK_USE = /\b(Date\.now|setTimeout|setInterval)\s*\(|\bnew Date\(\s*\)|from 'node:timers/;
const REASON = /\/\/ clock-guard: \S/;

/**
 * Time comes from the injected clock, so that tests can move it by hand.
 * @param {string} source
 * @returns {number[]} the numbers of the lines that read the machine's time or set a timer
 */
export function clockUses(source) {
  return source.split('\n').flatMap((line, index) => {
    if (REASON.test(line)) return [];
    const code = line.replace(/^\s*(\/\/|\/?\*).*$/, '').replace(/\s\/\/.*$/, '');
    return CLOCK_USE.test(code) ? [index + 1] : [];
  });
}

/**
 * The public surface is a list that somebody wrote, not what happened to be exported below it.
 * @param {string} source
 */
export function hasExportStar(source) {
  return /^\s*export\s*(type\s*)?\*/m.test(source);
}

function findFaults() {
  const faults = [];
  for (const { folder } of publishablePackages()) {
    for (const file of sourceFiles(join(folder, 'src'))) {
      const path = relative(root, file);
      const source = readFileSync(file, 'utf8');
      // Also below the main entry: `/sql`, `/testing` and `/conformance` are public as well.
      if (hasExportStar(source)) faults.push(`${path}: name each export; "export *" makes everything below it public.`);
      if (path === CLOCK) continue;
      for (const line of clockUses(source)) {
        faults.push(`${path}:${line}: use the clock of ${CLOCK}, or end the line with "// clock-guard: <reason>".`);
      }
    }
  }
  return faults;
}

/** @param {string} folder */
function sourceFiles(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const faults = findFaults();
  if (faults.length > 0) fail(faults.join('\n'));
}
