// The packages of this workspace, as pnpm-workspace.yaml lists their folders.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './tools.mjs';

/**
 * @typedef {object} WorkspacePackage
 * @property {string} folder its full path
 * @property {{ name: string, private?: boolean, exports?: Record<string, unknown>, scripts?: Record<string, string> }} manifest
 */

/** @returns {WorkspacePackage[]} */
export function workspacePackages() {
  return readPatterns()
    .flatMap(expand)
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }));
}

/** The packages that users install. */
export function publishablePackages() {
  return workspacePackages().filter(({ manifest }) => !manifest.private);
}

function readPatterns() {
  const yaml = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const list = /^packages:\n((?: +- .+\n)+)/m.exec(yaml)?.[1] ?? '';
  return [...list.matchAll(/- (.+)/g)].map((match) => match[1] ?? '');
}

/** @param {string} pattern `tests` or `packages/*` */
function expand(pattern) {
  if (!pattern.endsWith('/*')) return [pattern];
  const parent = pattern.slice(0, -2);
  return readdirSync(join(root, parent)).map((name) => join(parent, name));
}
