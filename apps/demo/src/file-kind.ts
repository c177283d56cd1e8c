import { createHash } from 'node:crypto';
import { extname } from 'node:path';

const EXTENSIONS = {
  code: [
    '.ts',
    '.tsx',
    '.js',
    '.mjs',
    '.cjs',
    '.jsx',
    '.py',
    '.go',
    '.rs',
    '.c',
    '.h',
    '.cpp',
    '.java',
    '.sh',
    '.lua',
    '.sql',
    '.css',
  ],
  text: ['.md', '.txt', '.html', '.rst', '.log'],
  data: ['.json', '.yaml', '.yml', '.toml', '.xml', '.csv', '.map', '.lock'],
  image: ['.png', '.jpg', '.jpeg', '.gif', '.svg', '.webp', '.ico'],
} as const;

export type FileKind = keyof typeof EXTENSIONS | 'other';

/** A service that knows kinds of files; for every fifth file it is out of order at first. */
export class ServiceDownError extends Error {
  override readonly name = 'ServiceDownError';
}

/** @throws ServiceDownError in the first one or two attempts for some files, always the same ones */
export function kindOf(path: string, attempt: number): FileKind {
  const [dice = 0] = createHash('sha256').update(path).digest();
  const failures = dice % 10 === 0 ? 2 : dice % 10 === 1 ? 1 : 0;
  if (attempt <= failures) throw new ServiceDownError('the service did not answer');
  const extension = extname(path).toLowerCase();
  for (const [kind, extensions] of Object.entries(EXTENSIONS)) {
    // Object.entries forgets the type of the keys.
    if ((extensions as readonly string[]).includes(extension)) return kind as FileKind;
  }
  return 'other';
}
