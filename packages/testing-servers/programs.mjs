// The programs that the tests run, and the Debian package that brings each. Plain JavaScript without dependencies:
// `npm test` reads it before anything is built.
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/**
 * @typedef {object} Program
 * @property {string} name the program's file name
 * @property {string} debian the Debian package that brings it
 * @property {string[]} [folders] where to look besides PATH; a `*` in the middle stands for a version
 */

/** @type {Program[]} */
export const programs = [
  { name: 'redis-server', debian: 'redis-server' },
  { name: 'openssl', debian: 'openssl' },
  { name: 'initdb', debian: 'postgresql', folders: ['/usr/lib/postgresql/*/bin'] },
  { name: 'postgres', debian: 'postgresql', folders: ['/usr/lib/postgresql/*/bin'] },
  { name: 'mariadbd', debian: 'mariadb-server', folders: ['/usr/sbin', '/usr/local/sbin'] },
  { name: 'mariadb-install-db', debian: 'mariadb-server' },
];

/**
 * @param {string} name a name from the table
 * @returns {string} the program's full path
 * @throws an error with the line that installs it, when it is missing
 */
export function findProgram(name) {
  const program = programs.find((candidate) => candidate.name === name);
  if (!program) throw new Error(`${name} is not in the table of packages/testing-servers/programs.mjs.`);
  const path = locate(program);
  if (!path)
    throw new Error(`${name} is not installed, and the tests need it. Install it with: ${installLine([program])}`);
  return path;
}

/** @returns {Program[]} the rows whose program is not on this machine */
export function missingPrograms() {
  return programs.filter((program) => !locate(program));
}

/** @param {Program[]} rows */
export function installLine(rows) {
  return `apt-get install ${[...new Set(rows.map((row) => row.debian))].join(' ')}`;
}

/** @param {Program} program */
function locate({ name, folders = [] }) {
  const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...path, ...folders.flatMap(expand)].map((folder) => join(folder, name)).find(isExecutable);
}

/** @param {string} folder */
function expand(folder) {
  const [before = '', after] = folder.split('*');
  if (after === undefined) return [folder];
  try {
    return readdirSync(dirname(`${before}x`)).map((version) => before + version + after);
  } catch {
    return [];
  }
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
