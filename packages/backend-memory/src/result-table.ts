import {
  type BackendWaitOptions,
  type Clock,
  type FinishedTaskResult,
  isFinal,
  ResultNotFoundError,
  resolveWait,
  StoppedError,
  systemClock,
  TaskStatus,
  WaitAbortedError,
  WaitTimeoutError,
} from '@flowrra/core';
import { ExpiryQueue } from './expiry-queue.js';
import { ResultWaits } from './result-waits.js';
import { StatusIndex } from './status-index.js';
import { type ResultEntry, StoredResult } from './stored-result.js';

/** All results of a backend, and what goes with them: listings, waits, and their end by time. Each step is done at once. */
export class ResultTable {
  #closed = false;
  readonly #results = new Map<string, StoredResult>();
  readonly #lists = createLists();
  readonly #waits = new ResultWaits();
  readonly #ended = new ExpiryQueue<StoredResult>((stored) => this.remove(stored));
  clock: Clock = systemClock;

  /** `ttl` in milliseconds from the final status; null keeps results for ever. */
  constructor(readonly ttl: number | null) {}

  get pendingWaits(): number {
    return this.#waits.size;
  }

  /** @throws StoppedError after `close` */
  find(taskId: string): StoredResult | undefined {
    if (this.#closed) throw new StoppedError('The result backend');
    this.#ended.dropExpired(this.clock);
    return this.#results.get(taskId);
  }

  /** Stores what is known of a task by now, over `old`, which was found. Whether it may is for the caller to decide. */
  put(old: StoredResult | undefined, entry: ResultEntry): void {
    if (old?.submitted === entry.submitted) this.#change(old, entry);
    else this.replace(entry);
  }

  /** Stores the first that is known of a task. What was there under its id is of another one. */
  replace(entry: ResultEntry): void {
    const old = this.#results.get(entry.taskId);
    old?.index?.remove(old);
    const stored = new StoredResult(entry);
    this.#results.set(entry.taskId, stored);
    this.#lists[entry.status].add(stored);
    if (isFinal(entry.status)) this.#end(stored);
  }

  remove(stored: StoredResult): void {
    // What expires may have made room for a new task of the same id before.
    if (!stored.index) return;
    stored.index.remove(stored);
    this.#results.delete(stored.taskId);
    for (const wait of this.#waits.take(stored.taskId)) wait.reject(new ResultNotFoundError(stored.taskId));
  }

  /** @returns how many there were */
  clear(): number {
    this.#ended.dropExpired(this.clock);
    const count = this.#results.size;
    for (const stored of this.#results.values()) this.remove(stored);
    this.#ended.clear();
    return count;
  }

  /** Newest first. */
  page(status: TaskStatus, offset: number, limit: number): StoredResult[] {
    this.#ended.dropExpired(this.clock);
    return this.#lists[status].page(offset, limit);
  }

  waitFor(taskId: string, options: BackendWaitOptions): Promise<FinishedTaskResult> {
    const { timeout, signal, seen } = resolveWait(options);
    if (signal?.aborted) throw new WaitAbortedError(`Waiting for task ${taskId}`, signal.reason);
    const stored = this.find(taskId);
    if (stored && isFinal(stored.status)) return Promise.resolve(readEnd(stored));
    if (!stored && seen) throw new ResultNotFoundError(taskId);
    if (timeout === 0) throw new WaitTimeoutError(taskId, timeout);
    return this.#waits.add(taskId, timeout, signal, this.clock);
  }

  close(): void {
    this.#closed = true;
    this.#ended.stop();
    this.#waits.close();
  }

  /** The record stays the same one, which keeps its place in the order of a listing. */
  #change(stored: StoredResult, { status, fence, content }: ResultEntry): void {
    if (stored.status !== status) {
      stored.index?.remove(stored);
      this.#lists[status].add(stored);
    }
    stored.status = status;
    stored.fence = fence;
    stored.content = content;
    if (isFinal(status)) this.#end(stored);
  }

  #end(stored: StoredResult): void {
    if (this.ttl !== null) this.#ended.add(stored, this.ttl, this.clock);
    // Each waiter gets a result of its own, as if it had read the store.
    for (const wait of this.#waits.take(stored.taskId)) wait.resolve(readEnd(stored));
  }
}

function createLists(): Readonly<Record<TaskStatus, StatusIndex<StoredResult>>> {
  const lists = Object.values(TaskStatus).map((status) => [status, new StatusIndex<StoredResult>()]);
  return Object.fromEntries(lists) as Record<TaskStatus, StatusIndex<StoredResult>>;
}

/** Only what has ended is waited for. */
function readEnd(stored: StoredResult): FinishedTaskResult {
  return stored.read() as FinishedTaskResult;
}
