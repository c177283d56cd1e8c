import {
  type BackendWaitOptions,
  type FinishedTaskResult,
  isFinished,
  type Page,
  type StoreContext,
  type TaskResult,
  type TaskStatus,
} from '@flowrra/core';
import { InMemoryBackend } from '../../src/in-memory-backend.js';
import type { BackendClass } from '../worlds.js';

/** Reads first and listens afterwards: what comes in between is lost. */
class LosesWaiters extends InMemoryBackend {
  readonly #listeners = new Map<string, ((result: FinishedTaskResult) => void)[]>();

  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    const accepted = await super.store(taskId, result);
    if (isFinished(result)) for (const hear of this.#listeners.get(taskId) ?? []) hear(result);
    return accepted;
  }

  override async waitFor(taskId: string): Promise<FinishedTaskResult> {
    const result = await this.get(taskId);
    if (result && isFinished(result)) return result;
    await Promise.resolve();
    return new Promise((resolve) => {
      this.#listeners.set(taskId, [...(this.#listeners.get(taskId) ?? []), resolve]);
    });
  }
}

class OverwritesFinalResults extends InMemoryBackend {
  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    const old = await this.get(taskId);
    if (old && isFinished(old)) await this.delete(taskId);
    return super.store(taskId, result);
  }
}

class IgnoresHigherFences extends InMemoryBackend {
  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    const old = await this.get(taskId);
    if (old && !isFinished(old) && result.fence < old.fence) await this.delete(taskId);
    return super.store(taskId, result);
  }
}

class RefusesProgress extends InMemoryBackend {
  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    const old = await this.get(taskId);
    return old?.status !== result.status && super.store(taskId, result);
  }
}

class KeepsOldIdsForEver extends InMemoryBackend {
  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    return (await this.get(taskId)) !== null && result.status === 'pending' ? false : super.store(taskId, result);
  }
}

/** Lists what has expired. */
class ListsGhosts extends InMemoryBackend {
  readonly #all = new Map<string, TaskResult>();

  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    this.#all.set(taskId, result);
    return super.store(taskId, result);
  }

  override async listByStatus(status: TaskStatus, page: Page = {}): Promise<TaskResult[]> {
    const all = [...this.#all.values()].filter((result) => result.status === status).reverse();
    return all.slice(page.offset ?? 0, (page.offset ?? 0) + (page.limit ?? all.length));
  }
}

class ListsOldestFirst extends InMemoryBackend {
  override async listByStatus(status: TaskStatus): Promise<TaskResult[]> {
    return (await super.listByStatus(status)).reverse();
  }
}

class SkipsTooFew extends InMemoryBackend {
  override listByStatus(status: TaskStatus, page: Page = {}): Promise<TaskResult[]> {
    return super.listByStatus(status, { ...page, offset: Math.max(0, (page.offset ?? 0) - 1) });
  }
}

/** Has timers of its own for the time to live. */
class TimesResults extends InMemoryBackend {
  readonly #ttl: number;
  #context: StoreContext | undefined;

  constructor(options: { ttl?: number | null } = {}) {
    super(options);
    this.#ttl = options.ttl ?? Number.POSITIVE_INFINITY;
  }

  override async open(context: StoreContext): Promise<void> {
    this.#context = context;
    await super.open(context);
  }

  protected deleteLater(taskId: string): void {
    if (Number.isFinite(this.#ttl)) this.#context?.clock.after(this.#ttl, () => void this.delete(taskId));
  }
}

/** Counts the time to live from the first record. */
class ExpiresPendingTasks extends TimesResults {
  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    this.deleteLater(taskId);
    return super.store(taskId, result);
  }
}

/** Counts the time to live from what was refused last. */
class RenewsWhatStands extends InMemoryBackend {
  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    const old = await this.get(taskId);
    if (await super.store(taskId, result)) return true;
    await this.delete(taskId);
    if (old) await super.store(taskId, old);
    return false;
  }
}

/** A timer for each final result, which is not ended with it. */
class ExpiresWhatComesLater extends TimesResults {
  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    if (isFinished(result)) this.deleteLater(taskId);
    return super.store(taskId, result);
  }
}

class KeepsWhatWasCancelled extends InMemoryBackend {
  readonly #cancelled = new Map<string, TaskResult>();

  override async store(taskId: string, result: TaskResult): Promise<boolean> {
    const accepted = await super.store(taskId, result);
    if (accepted && result.status === 'cancelled') this.#cancelled.set(taskId, result);
    return accepted;
  }

  override async get(taskId: string): Promise<TaskResult | null> {
    return (await super.get(taskId)) ?? this.#cancelled.get(taskId) ?? null;
  }
}

class SharesReferences extends InMemoryBackend {
  readonly #read = new Map<string, TaskResult | null>();

  override async get(taskId: string): Promise<TaskResult | null> {
    if (!this.#read.has(taskId)) this.#read.set(taskId, await super.get(taskId));
    return this.#read.get(taskId) ?? null;
  }
}

/** Hides what is deleted, and lets those who wait for it wait on. */
class ForgetsWaitersOfDeleted extends InMemoryBackend {
  readonly #deleted = new Set<string>();

  override async get(taskId: string): Promise<TaskResult | null> {
    return this.#deleted.has(taskId) ? null : super.get(taskId);
  }

  override async delete(taskId: string): Promise<boolean> {
    const existed = (await this.get(taskId)) !== null;
    this.#deleted.add(taskId);
    return existed;
  }
}

class WaitsForWhatIsGone extends InMemoryBackend {
  override waitFor(taskId: string, { seen: _seen, ...options }: BackendWaitOptions = {}): Promise<FinishedTaskResult> {
    return super.waitFor(taskId, options);
  }
}

class LeavesTimersBehind extends InMemoryBackend {
  #context: StoreContext | undefined;

  override async open(context: StoreContext): Promise<void> {
    this.#context = context;
    await super.open(context);
  }

  override waitFor(taskId: string, options: BackendWaitOptions = {}): Promise<FinishedTaskResult> {
    this.#context?.clock.after(3_600_000, () => {});
    return super.waitFor(taskId, options);
  }
}

class HangsAtClose extends InMemoryBackend {
  override async close(): Promise<void> {}
}

/** Each bug, and the promise that must catch it. */
export const BROKEN_BACKENDS: readonly (readonly [BackendClass, string])[] = [
  [LosesWaiters, 'misses no completion, however waiting and finishing meet'],
  [WaitsForWhatIsGone, 'does not wait for what the caller has seen, when it is not there any more'],
  [OverwritesFinalResults, 'keeps the first final result, whatever comes after it (RB-05)'],
  [IgnoresHigherFences, 'refuses a delivery that was followed by another one'],
  [RefusesProgress, 'takes the latest progress of a running task'],
  [KeepsOldIdsForEver, 'starts anew when a finished id is submitted again later'],
  [ListsGhosts, 'lists no expired result, and no shorter page for it (RB-06)'],
  [ListsOldestFirst, 'shows the newest submission first, equal ones by id downwards, unknown ones last'],
  [SkipsTooFew, 'shows a page that was asked for, and the pages together show all'],
  [ExpiresPendingTasks, 'keeps a task that has not ended, however long it takes (RB-06)'],
  [RenewsWhatStands, 'counts it from the final status that stands, whatever was refused after it (RB-06)'],
  [
    ExpiresWhatComesLater,
    'keeps a task whose id is used again, however soon the result before it would have expired (RB-06)',
  ],
  [ExpiresWhatComesLater, 'keeps a result for its own time, not for that of a deleted one before it'],
  [KeepsWhatWasCancelled, 'counts the time to live from the final status, whichever it is (RB-06)'],
  [SharesReferences, 'is not changed by what callers do to their own objects'],
  [ForgetsWaitersOfDeleted, 'ends a wait for a result that is deleted (RB-07)'],
  [LeavesTimersBehind, 'leaves nothing behind, however a wait ends (RB-03)'],
  [HangsAtClose, 'stores and reads nothing once it is closed'],
  [HangsAtClose, 'ends the waits that are under way with a typed error'],
];
