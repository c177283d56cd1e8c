import {
  BaseResultBackend,
  type Clock,
  checkDuration,
  checkOptions,
  checkPage,
  type Duration,
  decodeTaskResult,
  encodeTaskResult,
  type FinishedTaskResult,
  isFinal,
  mayReplace,
  type Page,
  ResultNotFoundError,
  resolveWaitTimeout,
  type StoreContext,
  systemClock,
  type TaskResult,
  TaskStatus,
  WaitAbortedError,
  type WaitOptions,
  WaitTimeoutError,
} from '@flowrra/core';
import { ExpiryQueue } from './expiry-queue.js';
import { ResultWaits } from './result-waits.js';
import { StatusIndex } from './status-index.js';

export interface InMemoryBackendOptions {
  /** How long a result is kept after its task has ended; null (default) keeps it as long as the process lives. */
  ttl?: Duration | null | undefined;
}

/** A stored result: its text, and beside it what is asked for without reading the text. */
interface StoredResult {
  readonly taskId: string;
  readonly submittedAt: Date | null;
  readonly submitted: number;
  status: TaskStatus;
  fence: number;
  text: string;
  index: StatusIndex<StoredResult> | null;
}

/**
 * Keeps results in this process: for development, tests and apps that are one process. Results are kept as text like in
 * other stores, so that nothing behaves differently when a shared store takes its place; they end with the process.
 *
 * @example
 * const backend = new InMemoryBackend({ ttl: '1h' });
 */
export class InMemoryBackend extends BaseResultBackend {
  override readonly supports = { delete: true, clear: true, listByStatus: true };
  readonly #ttl: number | null;
  readonly #results = new Map<string, StoredResult>();
  readonly #lists = createLists();
  readonly #waits = new ResultWaits();
  readonly #ended = new ExpiryQueue<StoredResult>((stored) => this.#remove(stored));
  #clock: Clock = systemClock;

  /** @throws ConfigError for an unknown option, or a `ttl` that is no duration of at least 1 ms */
  constructor(options: InMemoryBackendOptions = {}) {
    super();
    const { ttl = null } = checkOptions<InMemoryBackendOptions>(options, '', ['ttl']);
    this.#ttl = ttl === null ? null : checkDuration(ttl, 'ttl', { min: 1 });
  }

  override async open({ clock }: StoreContext): Promise<void> {
    this.#clock = clock;
  }

  /** How many `waitFor` calls are under way. */
  get pendingWaits(): number {
    return this.#waits.size;
  }

  async store(taskId: string, result: TaskResult): Promise<boolean> {
    const old = this.#find(taskId);
    if (!mayReplace(old ?? null, result)) return false;
    const text = encodeTaskResult(result);
    const stored = this.#put(old, taskId, result, text);
    if (!isFinal(result.status)) return true;
    if (this.#ttl !== null) this.#ended.add(stored, this.#ttl, this.#clock);
    // Each waiter gets a result of its own, as if it had read the store.
    for (const wait of this.#waits.take(taskId)) wait.resolve(decodeFinished(taskId, text));
    return true;
  }

  async get(taskId: string): Promise<TaskResult | null> {
    const stored = this.#find(taskId);
    return stored ? decodeTaskResult(taskId, stored.text) : null;
  }

  // Not async: a promise around the promise would cost every awaited task more turns of the microtask queue.
  waitFor(taskId: string, options: WaitOptions = {}): Promise<FinishedTaskResult> {
    try {
      const timeout = resolveWaitTimeout(options.timeout);
      if (options.signal?.aborted) throw new WaitAbortedError(`Waiting for task ${taskId}`, options.signal.reason);
      const stored = this.#find(taskId);
      if (stored && isFinal(stored.status)) return Promise.resolve(decodeFinished(taskId, stored.text));
      if (timeout === 0) throw new WaitTimeoutError(taskId, timeout);
      return this.#waits.add(taskId, timeout, options.signal, this.#clock);
    } catch (err) {
      return Promise.reject(err);
    }
  }

  override async delete(taskId: string): Promise<boolean> {
    const stored = this.#find(taskId);
    if (stored) this.#remove(stored);
    return stored !== undefined;
  }

  override async clear(): Promise<number> {
    this.#ended.dropExpired(this.#clock);
    const count = this.#results.size;
    for (const stored of this.#results.values()) this.#remove(stored);
    this.#ended.clear();
    return count;
  }

  override async listByStatus(status: TaskStatus, page: Page = {}): Promise<TaskResult[]> {
    const { limit, offset } = checkPage(page);
    this.#ended.dropExpired(this.#clock);
    const records = this.#lists[status].page(offset, limit);
    return records.map((stored) => decodeTaskResult(stored.taskId, stored.text));
  }

  override async close(): Promise<void> {
    this.#ended.stop();
    this.#waits.close();
  }

  #find(taskId: string): StoredResult | undefined {
    this.#ended.dropExpired(this.#clock);
    return this.#results.get(taskId);
  }

  #put(old: StoredResult | undefined, taskId: string, result: TaskResult, text: string): StoredResult {
    const submitted = result.submittedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
    const list = this.#lists[result.status];
    if (old?.submitted === submitted) {
      if (old.index !== list) {
        old.index?.remove(old);
        list.add(old);
      }
      return Object.assign(old, { status: result.status, fence: result.fence, text });
    }
    old?.index?.remove(old);
    const { status, fence } = result;
    // A copy of the date: the caller's may be changed.
    const submittedAt = result.submittedAt && new Date(submitted);
    const stored: StoredResult = { taskId, submittedAt, submitted, status, fence, text, index: null };
    this.#results.set(taskId, stored);
    list.add(stored);
    return stored;
  }

  #remove(stored: StoredResult): void {
    // What expires may have made room for a new task of the same id before.
    if (!stored.index) return;
    stored.index.remove(stored);
    this.#results.delete(stored.taskId);
    for (const wait of this.#waits.take(stored.taskId)) wait.reject(new ResultNotFoundError(stored.taskId));
  }
}

function createLists(): Readonly<Record<TaskStatus, StatusIndex<StoredResult>>> {
  const lists = Object.values(TaskStatus).map((status) => [status, new StatusIndex<StoredResult>()]);
  return Object.fromEntries(lists) as Record<TaskStatus, StatusIndex<StoredResult>>;
}

/** Only what has ended is waited for. */
function decodeFinished(taskId: string, text: string): FinishedTaskResult {
  return decodeTaskResult(taskId, text) as FinishedTaskResult;
}
