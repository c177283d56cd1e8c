import { StoppedError } from '../errors.js';
import type { Logger } from '../logger.js';
import { type AttemptEnd, failedAttempt } from './attempt.js';
import type { CpuJob } from './cpu-job.js';
import { type CpuRunOptions, CpuThread } from './cpu-thread.js';

/**
 * Threads for CPU tasks. They start on demand, end after a minute without work, and never keep the process alive while
 * they idle. There is no queue: what waits for a thread waits in the broker, where its lease does not run.
 */
export class CpuPool {
  readonly #threads: readonly CpuThread[];
  /** The last one in is the first one out, so that few threads stay warm and the rest may end. */
  readonly #idle: CpuThread[];
  #closing: Promise<void> | undefined;

  /** @param options.threads most threads at a time, and so most jobs */
  constructor(options: { readonly threads: number; readonly logger: Logger }) {
    this.#threads = Array.from({ length: options.threads }, () => new CpuThread(options.logger));
    this.#idle = [...this.#threads];
  }

  /**
   * Runs a job in a thread. Whatever the job does (throw, crash, exit, run out of memory) is a failed attempt, and so is
   * the end of its thread by an abort or by `close()`.
   * @throws Error for a job beyond the free threads, which is a mistake of the caller
   */
  async run(job: CpuJob, options: CpuRunOptions): Promise<AttemptEnd> {
    if (this.#closing) return failedAttempt(new StoppedError('The pool of CPU threads'));
    const thread = this.#idle.pop();
    if (!thread)
      throw new Error(`All ${this.#threads.length} CPU threads are taken: wait for one before running another job.`);
    try {
      return await thread.run(job, options);
    } finally {
      this.#idle.push(thread);
    }
  }

  /** Ends all threads; jobs under way resolve as failed. Any number of calls. */
  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#threads.map((thread) => thread.close())).then(() => undefined);
    return this.#closing;
  }
}
