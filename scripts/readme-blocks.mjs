// Code in documentation is a copy of a file under tests/examples, where it is type-checked and run. A block names its
// file in a comment above it: `<!-- tests/examples/first-example.ts -->`. `node scripts/readme-blocks.mjs` writes the
// files into the blocks anew; a test fails where they differ.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './tools.mjs';
import { publishablePackages } from './workspace.mjs';

const BLOCK = /(?:^<!-- (tests\/examples\/\S+) -->\n)?^```ts\n([\s\S]*?)^```$/gm;

/** The documents for strangers, as full paths. */
export function documents() {
  const docs = readdirSync(join(root, 'docs')).map((name) => join('docs', name));
  const packages = publishablePackages().map(({ folder }) => relative(root, join(folder, 'README.md')));
  return ['README.md', 'apps/demo/README.md', ...docs, ...packages]
    .filter((path) => path.endsWith('.md') && existsSync(join(root, path)))
    .map((path) => join(root, path));
}

/**
 * What is wrong with the blocks of a document.
 * @param {string} text
 * @param {(path: string) => string} read reads a file of the repository
 * @returns {string[]}
 */
export function faultyBlocks(text, read) {
  return [...text.matchAll(BLOCK)].flatMap(([, path, code = '']) => {
    const line = code.split('\n')[0];
    if (path === undefined) return [`a block has no file: put <!-- tests/examples/… --> above "${line}"`];
    return code === read(path) ? [] : [`${path} differs from its block; run node scripts/readme-blocks.mjs`];
  });
}

/**
 * The document with every block as its file is.
 * @param {string} text
 * @param {(path: string) => string} read
 */
export function renewBlocks(text, read) {
  return text.replace(BLOCK, (block, path) =>
    path === undefined ? block : `<!-- ${path} -->\n\`\`\`ts\n${read(path)}\`\`\``,
  );
}

/** @param {string} path from the top of the repository */
export const readExample = (path) => readFileSync(join(root, path), 'utf8');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const path of documents()) writeFileSync(path, renewBlocks(readFileSync(path, 'utf8'), readExample));
}
