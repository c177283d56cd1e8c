import assert from 'node:assert/strict';
import type { TaskStore } from '../../stores/task-store.js';
import { type FinishedTaskResult, isFinished, type TaskResult } from '../../tasks/task-result.js';
import { breathe, rejection, soon, watch } from '../expectations.js';

interface OpenWait {
  readonly id: string;
  readonly promise: Promise<FinishedTaskResult>;
  readonly state: { readonly settled: boolean };
  /** Whether there was a result when the wait began: one that goes ends the wait. */
  readonly seen: boolean;
  due: 'ended' | 'gone' | null;
}

/** Waits for results that go on while other things are done, and what must have become of them. */
export class ModelWaits {
  readonly #ending = new AbortController();
  #open: OpenWait[] = [];

  /** Begins a wait without limit; `present` says what the model has of that id. */
  async begin(store: TaskStore, id: string, present: { readonly final: boolean } | undefined): Promise<void> {
    const promise = store.waitFor(id, { timeout: null, signal: this.#ending.signal });
    const due = present?.final ? 'ended' : null;
    this.#open.push({ id, promise, state: watch(promise), seen: present !== undefined, due });
    // What the wait has seen of the store decides what it says when the result goes.
    await breathe(() => store.get(id));
  }

  /** The result of the id changed: null, it is gone. */
  changed(id: string, result: { readonly final: boolean } | null): void {
    for (const wait of this.#open) {
      if (wait.id !== id || wait.due !== null) continue;
      if (result?.final) wait.due = 'ended';
      if (result === null && wait.seen) wait.due = 'gone';
    }
    // Whether a wait saw what came after it began, and went again, is left open.
    if (result === null) this.#open = this.#open.filter((wait) => wait.id !== id || wait.due !== null);
  }

  /** Every wait that is due has ended as it must, the others have not. */
  async check(stored: (id: string) => Promise<TaskResult | null>): Promise<void> {
    const due = this.#open.filter((wait) => wait.due !== null);
    this.#open = this.#open.filter((wait) => wait.due === null);
    for (const { id, promise, due: how } of due) {
      if (how === 'gone') {
        await rejection(promise, 'RESULT_NOT_FOUND');
        continue;
      }
      const result = await soon(promise, `the end of the wait for ${id}`);
      assert.ok(isFinished(result));
      assert.deepEqual(result, await stored(id), `what the wait for ${id} ended with`);
    }
    for (const { id, state } of this.#open) assert.equal(state.settled, false, `The wait for ${id} ended too early.`);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#open.map(({ promise }) => promise));
  }
}
