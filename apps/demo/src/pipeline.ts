import { join } from 'node:path';
import { type FinishedTaskResult, type SuccessTaskResult, type TaskHandle, WaitAbortedError } from '@flowrra/core';
import type { Summary } from './summary.js';
import type { Tally } from './tally.js';
import { classify, compressFile, listFolder, readFile, summarise } from './tasks.js';

/** Files that are under way at the same time: enough to keep every worker busy. */
const FILES_AT_ONCE = 64;

/** The main job: submits the tasks of every file below a folder, and awaits their typed results. */
export class Pipeline {
  readonly #root: string;
  readonly #tally: Tally;
  /** What is submitted and has not ended. */
  readonly #open = new Set<TaskHandle>();
  readonly #abandoned = new AbortController();
  #ending = false;

  constructor(root: string, tally: Tally) {
    this.#root = root;
    this.#tally = tally;
  }

  /** @returns undefined when it was cancelled or abandoned, or when the summary failed */
  async run(): Promise<Summary | undefined> {
    const files = await this.#findFiles();
    this.#tally.filesFound = files.length;
    const remaining = files.values();
    const walkers = Array.from({ length: FILES_AT_ONCE }, async () => {
      for (const path of remaining) {
        if (this.#ending) return;
        await this.#processFile(path);
        if (!this.#ending) this.#tally.filesDone++;
      }
    });
    await Promise.all(walkers);
    if (this.#ending) return undefined;
    return this.#resultOf(await summarise.submit([this.#tally.kinds]), 'the whole folder');
  }

  /** Submits nothing more and cancels what is open; `run()` returns when all of it has ended. */
  async cancel(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#open].map((handle) => handle.cancel()));
  }

  /** Waits for nothing any more: `run()` returns with what is open left open. */
  abandon(): void {
    this.#ending = true;
    this.#abandoned.abort();
  }

  /** Level by level: the folders of one level are submitted in one go. */
  async #findFiles(): Promise<string[]> {
    const files: string[] = [];
    let level: [folder: string, first: number][] = [[this.#root, 0]];
    while (level.length > 0 && !this.#ending) {
      const handles = await listFolder.submitMany(level);
      const pages = await Promise.all(handles.map((handle, i) => this.#resultOf(handle, level[i]?.[0] ?? '')));
      level = level.flatMap(([folder], i) => {
        const page = pages[i];
        if (!page) return [];
        for (const name of page.files) files.push(join(folder, name));
        const below = page.folders.map((name): [string, number] => [join(folder, name), 0]);
        return page.next === null ? below : [...below, [folder, page.next]];
      });
    }
    return files;
  }

  async #processFile(path: string): Promise<void> {
    const facts = await this.#resultOf(await readFile.submit([path]), path);
    if (facts === undefined) return;
    if (facts === null) return void this.#tally.vanished++;

    const compressing = await compressFile.submit([path]);
    const classifying = await classify.submit([path], { priority: -1 });
    const [compressed, kind] = await Promise.all([this.#success(compressing, path), this.#resultOf(classifying, path)]);
    if (!compressed || !kind) return;
    if (compressed.result === null) return void this.#tally.vanished++;

    this.#tally.countFile(kind, facts.lines, compressed.result);
    this.#tally.noteTime({ path, bytes: compressed.result.bytes, ms: runTime(compressed) });
  }

  /** What the task returned; undefined when it failed or was cancelled, which is counted. */
  async #resultOf<Result>(handle: TaskHandle<Result>, path: string): Promise<Result | undefined> {
    return (await this.#success(handle, path))?.result;
  }

  async #success<Result>(handle: TaskHandle<Result>, path: string): Promise<SuccessTaskResult<Result> | undefined> {
    this.#open.add(handle);
    try {
      if (this.#ending) await handle.cancel();
      const outcome = await handle.outcome({ signal: this.#abandoned.signal });
      this.#tally.countEnded(outcome, path);
      return outcome.status === 'success' ? outcome : undefined;
    } catch (err) {
      if (err instanceof WaitAbortedError) return undefined;
      // One store serves all tasks: if one wait fails, the run has failed.
      this.#ending = true;
      throw err;
    } finally {
      this.#open.delete(handle);
    }
  }
}

/** Milliseconds that the last attempt took. */
function runTime({ startedAt, finishedAt }: FinishedTaskResult): number {
  return startedAt && finishedAt ? finishedAt.getTime() - startedAt.getTime() : 0;
}
