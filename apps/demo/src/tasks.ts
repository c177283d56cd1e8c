import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { taskContext } from '@flowrra/core';
import type { compressFile as compressFileFunction } from './compress-file.js';
import { isVanished, permanentIfUnreadable } from './file-errors.js';
import { type FileKind, kindOf } from './file-kind.js';
import { app } from './flowrra.js';
import { type KindTotals, type Summary, sumUp } from './summary.js';

/** Results are limited in size, so a large folder comes in pages. */
const PAGE = 2_000;
/** Folders that hold nothing that somebody wrote. */
export const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '.git', '.turbo', 'dist']);

export interface FolderPage {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** Where the next page begins; null after the last one. */
  readonly next: number | null;
}

/** I/O: the names in a folder. Null when it vanished before it was its turn. */
export const listFolder = app.task(
  'list-folder',
  { timeout: '1m' },
  async (folder: string, first: number): Promise<FolderPage | null> => {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      const page = entries.sort((a, b) => (a.name < b.name ? -1 : 1)).slice(first, first + PAGE);
      return {
        files: page.filter((entry) => entry.isFile()).map(({ name }) => name),
        folders: page.filter((entry) => entry.isDirectory() && !SKIPPED.has(entry.name)).map(({ name }) => name),
        next: first + PAGE < entries.length ? first + PAGE : null,
      };
    } catch (err) {
      if (isVanished(err, folder)) return null;
      throw permanentIfUnreadable(err, folder);
    }
  },
);

export interface FileFacts {
  readonly bytes: number;
  readonly lines: number;
}

/** I/O: reads a file in pieces. The signal ends it at a timeout or a cancel. Null when the file vanished. */
export const readFile = app.task('read-file', { timeout: '10m' }, async (path: string): Promise<FileFacts | null> => {
  try {
    let bytes = 0;
    let lines = 0;
    for await (const chunk of createReadStream(path, { signal: taskContext().signal }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      for (let at = chunk.indexOf('\n'); at !== -1; at = chunk.indexOf('\n', at + 1)) lines++;
    }
    return { bytes, lines };
  } catch (err) {
    if (isVanished(err, path)) return null;
    throw permanentIfUnreadable(err, path);
  }
});

/** CPU: runs in a thread, from a module of its own. */
export const compressFile = app.cpuTask<typeof compressFileFunction>('compress-file', {
  module: new URL('./compress-file.js', import.meta.url),
  export: 'compressFile',
  timeout: '30m',
});

/** Flaky: asks a service that is often out of order, so some files need a second or a third attempt. */
export const classify = app.task(
  'classify',
  { retries: { max: 4, delay: '200ms' } },
  async (path: string): Promise<FileKind> => kindOf(path, taskContext().attempt),
);

/** The last task: what the run amounts to. */
export const summarise = app.task(
  'summarise',
  async (totals: readonly KindTotals[]): Promise<Summary> => sumUp(totals),
);
