/** What is enqueued: about 200 bytes as JSON. Its number tells whether each was done once. */
export interface Job {
  readonly number: number;
  readonly text: string;
}

export function jobOf(number: number): Job {
  return { number, text: TEXT };
}

const TEXT = 'x'.repeat(170);

/** What the handler of every system returns. */
export interface Result {
  readonly done: number;
}

export function resultOf(job: Job): Result {
  return { done: job.number };
}

/** The side that enqueues. */
export interface Producer {
  /** Resolves when the store has the job. */
  enqueue(job: Job): Promise<unknown>;
  /** The fastest way that the system offers for many jobs. */
  enqueueMany(jobs: readonly Job[]): Promise<unknown>;
  /** Enqueues the job and waits for its result. */
  call(job: Job): Promise<Result>;
  /** How many jobs have ended well, and are kept with their results. */
  countFinished(): Promise<number>;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly concurrency: number;
  /** Runs a job: async, as handlers of queues are. */
  readonly handler: (job: Job) => Promise<Result>;
}

/** A queue over Redis, each with its default settings. */
export interface QueueSystem {
  /** `awaitsResults`: whatever `call` needs may be prepared. */
  openProducer(url: string, options: { readonly awaitsResults: boolean }): Promise<Producer>;
  /** Runs jobs in this process. @returns ends the worker in order, when what it runs is done */
  serve(url: string, options: ServeOptions): Promise<() => Promise<void>>;
}
