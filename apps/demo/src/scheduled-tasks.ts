import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { taskContext } from '@flowrra/core';
import { app } from './flowrra.js';
import { logRun } from './run-folder.js';
import { screen } from './screen.js';
import { SKIPPED } from './tasks.js';

export interface FolderCount {
  readonly files: number;
  readonly folders: number;
}

/** Run by an interval: counts the files below a folder anew. What cannot be read, or has gone, does not count. */
export const rescan = app.task('rescan', async (root: string): Promise<FolderCount> => {
  logRun();
  const { signal } = taskContext();
  let files = 0;
  let folders = 0;
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    signal.throwIfAborted();
    folders++;
    for (const entry of await entriesOf(folder)) {
      if (entry.isFile()) files++;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) open.push(join(folder, entry.name));
    }
  }
  return { files, folders };
});

/** Run by a cron expression: says what the newest finished rescan found. The ledger knows the tasks of a schedule. */
export const report = app.task('report', async (): Promise<void> => {
  logRun();
  const firings = await app.scheduler.history('rescan', { limit: 20 });
  const scans = await Promise.all(firings.map(({ id }) => app.get(id)));
  const scan = scans.find((result) => result?.status === 'success');
  if (scan?.status !== 'success') return screen.print('report: the folder was not scanned yet');
  const { files, folders } = scan.result as FolderCount;
  screen.print(`report: ${files} files in ${folders} folders at ${scan.finishedAt?.toISOString().slice(11, 19)} UTC`);
});

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
