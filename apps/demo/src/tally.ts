import type { FinishedTaskResult } from '@flowrra/core';
import type { FileKind } from './file-kind.js';
import type { KindTotals } from './summary.js';

/** What became of the tasks of one name. */
export interface TaskCounts {
  submitted: number;
  success: number;
  failed: number;
  cancelled: number;
  retries: number;
}

export interface SlowFile {
  readonly path: string;
  readonly bytes: number;
  readonly ms: number;
}

export interface Failure {
  readonly taskName: string;
  readonly path: string;
  readonly reason: string;
}

const SLOWEST = 5;
const FAILURES_SHOWN = 10;

/** Counts while the pipeline runs. It grows with the kinds of things counted, not with the number of files. */
export class Tally {
  readonly tasks = new Map<string, TaskCounts>();
  readonly #kinds = new Map<FileKind, KindTotals>();
  /** Longest first. */
  readonly slowest: SlowFile[] = [];
  readonly failures: Failure[] = [];
  filesFound = 0;
  filesDone = 0;
  vanished = 0;
  /** Deliveries that never ended: their worker was lost, and another one ran the task again. */
  takenOver = 0;

  countSubmitted(taskName: string): void {
    this.#countsOf(taskName).submitted++;
  }

  countEnded(outcome: FinishedTaskResult, path: string): void {
    const counts = this.#countsOf(outcome.taskName);
    counts[outcome.status]++;
    counts.retries += outcome.retries;
    this.takenOver += outcome.fence - outcome.attempt;
    if (outcome.status !== 'failed' || this.failures.length >= FAILURES_SHOWN) return;
    this.failures.push({ taskName: outcome.taskName, path, reason: outcome.error.message });
  }

  countFile(kind: FileKind, lines: number, size: { bytes: number; compressedBytes: number }): void {
    const old = this.#kinds.get(kind) ?? { kind, files: 0, lines: 0, bytes: 0, compressedBytes: 0 };
    this.#kinds.set(kind, {
      kind,
      files: old.files + 1,
      lines: old.lines + lines,
      bytes: old.bytes + size.bytes,
      compressedBytes: old.compressedBytes + size.compressedBytes,
    });
  }

  noteTime(file: SlowFile): void {
    this.slowest.push(file);
    this.slowest.sort((a, b) => b.ms - a.ms).splice(SLOWEST);
  }

  get kinds(): KindTotals[] {
    return [...this.#kinds.values()];
  }

  sum(key: keyof TaskCounts): number {
    return [...this.tasks.values()].reduce((all, counts) => all + counts[key], 0);
  }

  get allSucceeded(): boolean {
    return this.sum('submitted') === this.sum('success');
  }

  #countsOf(taskName: string): TaskCounts {
    const counts = this.tasks.get(taskName) ?? { submitted: 0, success: 0, failed: 0, cancelled: 0, retries: 0 };
    this.tasks.set(taskName, counts);
    return counts;
  }
}
