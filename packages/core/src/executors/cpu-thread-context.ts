import { inspect } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { systemClock, type Timer } from '../clock.js';
import { type Logger, withFields } from '../logger.js';
import { encodeJson } from '../tasks/codec.js';
import { MAX_PROGRESS_BYTES, type TaskContext } from '../tasks/task-context.js';
import type { CpuCall, CpuMessage } from './cpu-job.js';

/** Between two progress messages of one call, in milliseconds: a tight loop must not flood the main thread. */
const PROGRESS_INTERVAL = 50;

/** What the handler of a CPU task sees of its run. Progress and log lines go to the main thread. */
export class CpuThreadContext implements TaskContext {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly attempt: number;
  readonly fence: number;
  readonly log: Logger;
  readonly #call: number;
  #signal: AbortSignal | undefined;
  #progress: string | null = null;
  #sentAt = 0;
  #pending: Timer | undefined;

  constructor({ call, job }: CpuCall) {
    const { id, name, queue, attempt, fence } = job.context;
    this.id = id;
    this.name = name;
    this.queue = queue;
    this.attempt = attempt;
    this.fence = fence;
    this.log = postingLogger({ taskId: id, taskName: name });
    this.#call = call;
  }

  /** Never aborts: the thread is ended instead. One per call, so that listeners go with it. */
  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  // A function of its own, so that a handler may take it out of the context.
  get progress(): (value: unknown) => void {
    return (value) => this.#report(encodeJson(value, 'progress', MAX_PROGRESS_BYTES));
  }

  #report(json: string): void {
    this.#progress = json;
    const age = systemClock.now() - this.#sentAt;
    // A clock that was set back makes the age negative.
    if (age >= PROGRESS_INTERVAL || age < 0) this.#send();
    else this.#pending ??= systemClock.after(PROGRESS_INTERVAL - age, () => this.#send(), { keepAlive: false });
  }

  /** Ends reporting. Returns the last progress, sent or not. */
  end(): string | null {
    this.#pending?.cancel();
    return this.#progress;
  }

  #send(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#sentAt = systemClock.now();
    if (this.#progress !== null) post({ flowrra: 'cpu', kind: 'progress', call: this.#call, json: this.#progress });
  }
}

function postingLogger(fields: object): Logger {
  const postAs = (level: keyof Logger) => (data: object, message: string) => {
    const line = { flowrra: 'cpu', kind: 'log', level, message } as const;
    try {
      post({ ...line, data: withFields(fields, data) });
    } catch {
      // Functions and the like cannot be copied to another thread; a log line must never fail a task.
      post({ ...line, data: { ...fields, data: inspect(data) } });
    }
  };
  return { debug: postAs('debug'), info: postAs('info'), warn: postAs('warn'), error: postAs('error') };
}

function post(message: CpuMessage): void {
  parentPort?.postMessage(message);
}
