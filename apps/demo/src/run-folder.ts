import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskContext } from '@flowrra/core';
import { runId } from './run-id.js';

/** What a run keeps on disk: the schedules, unless they are in a database, and the log of scheduled tasks that ran. */
export const runFolder = join(tmpdir(), `flowrra-demo-${runId}`);
const log = join(runFolder, 'runs.log');

/** One execution of a scheduled task: the producer's evidence, which no store has a part in. */
export interface LoggedRun {
  readonly taskName: string;
  readonly taskId: string;
  /** 1, or more when a worker was lost and another one got the task. */
  readonly fence: number;
}

/** Makes the folder; it goes with this process. */
export function makeRunFolder(): void {
  mkdirSync(runFolder, { mode: 0o700 });
  process.once('exit', () => rmSync(runFolder, { recursive: true, force: true }));
}

/** Called by a task when it begins, in whichever process. */
export function logRun(): void {
  const { name, id, fence } = taskContext();
  appendFileSync(log, `${name} ${id} ${fence}\n`);
}

export function loggedRuns(): LoggedRun[] {
  // The flag makes the file if nothing was logged yet.
  const lines = readFileSync(log, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [taskName = '', taskId = '', fence = ''] = line.split(' ');
    return { taskName, taskId, fence: Number(fence) };
  });
}
