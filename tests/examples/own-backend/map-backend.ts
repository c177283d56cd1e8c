import {
  type BackendWaitOptions,
  BaseResultBackend,
  decodeTaskResult,
  encodeTaskResult,
  type FinishedTaskResult,
  mayReplace,
  pollUntilFinished,
  StoppedError,
  type TaskResult,
} from '@flowrra/core';

/** Keeps results in a Map: the smallest backend there is. */
export class MapBackend extends BaseResultBackend {
  readonly #records = new Map<string, string>();
  #closed = false;

  async store(taskId: string, result: TaskResult): Promise<boolean> {
    if (!mayReplace(this.#read(taskId), result)) return false; // check and write: one atomic step
    this.#records.set(taskId, encodeTaskResult(result));
    return true;
  }

  async get(taskId: string): Promise<TaskResult | null> {
    return this.#read(taskId);
  }

  waitFor(taskId: string, options?: BackendWaitOptions): Promise<FinishedTaskResult> {
    return pollUntilFinished(this, taskId, options);
  }

  override async close(): Promise<void> {
    this.#closed = true;
  }

  #read(taskId: string): TaskResult | null {
    if (this.#closed) throw new StoppedError('MapBackend');
    const text = this.#records.get(taskId);
    return text === undefined ? null : decodeTaskResult(taskId, text);
  }
}
