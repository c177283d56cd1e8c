import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { WorkerStoppingError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { AbortSwitch } from './abort-switch.js';
import { type AttemptEnd, failedAttempt } from './attempt.js';
import { type CpuCall, type CpuJob, type CpuReply, isCpuMessage } from './cpu-job.js';
import { RunningCall } from './cpu-running-call.js';
import { type CpuThreadLostError, lostAtStart, lostByError, lostByExit } from './cpu-thread-lost-error.js';

/** The built file beside this one; run from source (the tests do), that of the last build. */
const WORKER_FILE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/cpu-worker.js' : './cpu-worker.js', import.meta.url),
);
/** How long a thread may idle before it ends, in milliseconds: starting one again costs about 50 ms and its modules. */
const IDLE_TIMEOUT = 60_000;

export interface CpuRunOptions {
  /** Ends the thread at once when it aborts; its reason becomes the failure. */
  readonly run: AbortSwitch;
  /** Gets each progress report, merged when frequent, the last one always. */
  onProgress(json: string): void;
}

/**
 * One thread that runs one job at a time: started at the first job, started again after it ended.
 *
 * It is a piscina pool of a single thread. In a larger one nobody can say which thread a job waits for, and piscina lets
 * it wait for ever when that thread dies while it starts (a preloaded script that throws, no memory).
 */
export class CpuThread {
  readonly #logger: Logger;
  #pool: Piscina<CpuCall, CpuReply | null> | undefined;
  /** The newest thread; older ones may still be ending. */
  #worker: Worker | undefined;
  /** Whether piscina still runs the newest thread: while it does, there is no other one to ask it for. */
  #running = false;
  #started = false;
  readonly #alive = new Set<Worker>();
  #current: RunningCall | undefined;
  #calls = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Runs a job; the caller waits for its end before it brings the next. Never rejects. */
  async run(job: CpuJob, { run, onProgress }: CpuRunOptions): Promise<AttemptEnd> {
    if (run.aborted) return failedAttempt(run.reason);
    const call = new RunningCall(++this.#calls, onProgress);
    // Once the call has ended, nobody listens to it any more.
    run.onAbort(() => call.stop(run.reason));
    this.#current = call;
    try {
      const pool = this.#pool ?? (await this.#open());
      const replied = pool.run({ call: call.number, job }, { signal: call });
      if (!this.#running) this.#watch(pool.threads[0]);
      const reply = await replied;
      // Piscina takes a thread that died of `throw null` for one that answered null.
      if (reply === null) throw call.reason;
      if (reply.progress !== null) call.report(reply.progress);
      return reply.end;
    } catch (error) {
      return failedAttempt(call.aborted ? call.reason : error);
    } finally {
      this.#current = undefined;
    }
  }

  /** Ends the thread, and the job that it runs. */
  async close(): Promise<void> {
    this.#current?.stop(new WorkerStoppingError());
    await this.#pool?.destroy();
    await Promise.all([...this.#alive].map((worker) => worker.terminate()));
  }

  /** Loads piscina at the first job: without CPU tasks nobody pays for it. */
  async #open(): Promise<Piscina<CpuCall, CpuReply | null>> {
    const { Piscina } = await import('piscina');
    this.#pool = new Piscina({
      filename: WORKER_FILE,
      minThreads: 0,
      maxThreads: 1,
      maxQueue: 0,
      idleTimeout: IDLE_TIMEOUT,
      // Otherwise the thread is frozen between two jobs: no timer fires, no socket is served.
      atomics: 'disabled',
      recordTiming: false,
    });
    this.#pool.on('workerCreate', () => {
      this.#started = true;
    });
    this.#pool.on('workerDestroy', () => {
      this.#running = false;
    });
    this.#pool.on('message', (message: unknown) => this.#hear(message));
    this.#pool.on('error', (err: unknown) => {
      if (!this.#current)
        this.#logger.warn({ err }, 'a CPU thread was ended by an error that an earlier task left behind');
    });
    return this.#pool;
  }

  #watch(worker: Worker | undefined): void {
    if (!worker) return;
    this.#running = true;
    if (worker === this.#worker) return;
    this.#worker = worker;
    this.#started = false;
    this.#alive.add(worker);
    const lost = (error: CpuThreadLostError): void => {
      if (worker === this.#worker) this.#current?.stop(error);
    };
    worker.once('error', (error: unknown) => {
      lost(this.#started ? lostByError(error) : lostAtStart(error));
    });
    worker.once('exit', (exitCode) => {
      this.#alive.delete(worker);
      lost(lostByExit(exitCode));
    });
  }

  #hear(message: unknown): void {
    if (!isCpuMessage(message)) return;
    if (message.kind === 'log') this.#logger[message.level](message.data, message.message);
    else if (this.#current?.number === message.call) this.#current.report(message.json);
  }
}
