import {
  type BackendWaitOptions,
  BaseResultBackend,
  checkDuration,
  checkOptions,
  checkPage,
  type Duration,
  encodeTaskResult,
  type FinishedTaskResult,
  mayReplace,
  type Page,
  type StoreContext,
  type TaskResult,
  type TaskStatus,
} from '@flowrra/core';
import { ResultTable } from './result-table.js';

export interface InMemoryBackendOptions {
  /** How long a result is kept after its task has ended; null (default) keeps it as long as the process lives. */
  ttl?: Duration | null | undefined;
}

/**
 * Keeps results in this process: for development, tests and apps that are one process. Values are kept as text like in
 * other stores, so that nothing behaves differently when a shared store takes its place; they end with the process.
 *
 * @example
 * const backend = new InMemoryBackend({ ttl: '1h' });
 */
export class InMemoryBackend extends BaseResultBackend {
  override readonly supports = { delete: true, clear: true, listByStatus: true };
  /** @internal */
  readonly results: ResultTable;

  /** @throws ConfigError for an unknown option, or a `ttl` that is no duration of at least 1 ms */
  constructor(options: InMemoryBackendOptions = {}) {
    super();
    const { ttl = null } = checkOptions<InMemoryBackendOptions>(options, '', ['ttl']);
    this.results = new ResultTable(ttl === null ? null : checkDuration(ttl, 'ttl', { min: 1 }));
  }

  override async open({ clock }: StoreContext): Promise<void> {
    this.results.clock = clock;
  }

  /** How many `waitFor` calls are under way. */
  get pendingWaits(): number {
    return this.results.pendingWaits;
  }

  async store(taskId: string, result: TaskResult): Promise<boolean> {
    const old = this.results.find(taskId);
    if (!mayReplace(old ?? null, result)) return false;
    const { status, fence, submittedAt } = result;
    const submitted = submittedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
    this.results.put(old, { taskId, submitted, status, fence, content: encodeTaskResult(result) });
    return true;
  }

  async get(taskId: string): Promise<TaskResult | null> {
    return this.results.find(taskId)?.read() ?? null;
  }

  // Not async: a promise around the promise would cost every awaited task more turns of the microtask queue.
  waitFor(taskId: string, options: BackendWaitOptions = {}): Promise<FinishedTaskResult> {
    try {
      return this.results.waitFor(taskId, options);
    } catch (err) {
      return Promise.reject(err);
    }
  }

  override async delete(taskId: string): Promise<boolean> {
    const stored = this.results.find(taskId);
    if (stored) this.results.remove(stored);
    return stored !== undefined;
  }

  override async clear(): Promise<number> {
    return this.results.clear();
  }

  override async listByStatus(status: TaskStatus, page: Page = {}): Promise<TaskResult[]> {
    const { limit, offset } = checkPage(page);
    return this.results.page(status, offset, limit).map((stored) => stored.read());
  }

  override async close(): Promise<void> {
    this.results.close();
  }
}
