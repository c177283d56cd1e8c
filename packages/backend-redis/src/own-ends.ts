import { type Clock, ShortLivedMap } from '@flowrra/core';
import { timeToLive } from './redis-records.js';

/** Tasks that are kept in mind; of more the oldest are forgotten, and looked at like any other. */
const MOST_OPEN = 10_000;
const MOST_ENDED = 1_000;
/** How long the end of a task waits for somebody who asks, in milliseconds. */
const KEPT_FOR = 1_000;

interface End {
  readonly record: Buffer;
  readonly heardAt: number;
}

/**
 * Tasks that this process submitted while it listened for their ends: whoever waits for one need not look whether it has
 * ended. An end that comes before anybody waits is kept for a moment, as a wait mostly follows the submit at once.
 */
export class OwnEnds {
  readonly #clock: () => Clock;
  /** By id, whether it is there: its submit was answered. */
  readonly #open = new ShortLivedMap<string, boolean>();
  readonly #ended = new ShortLivedMap<string, End>();

  constructor(clock: () => Clock) {
    this.#clock = clock;
  }

  /** A task is about to be submitted, and its end will be heard. */
  expect(taskId: string): void {
    this.#open.set(taskId, false);
    dropOldest(this.#open, MOST_OPEN);
  }

  /** It was. */
  submitted(taskId: string): void {
    if (this.#open.has(taskId)) this.#open.set(taskId, true);
  }

  /** Whether it is there, and its end will be heard. */
  isExpected(taskId: string): boolean {
    return this.#open.get(taskId) === true;
  }

  /** It ended. `record`: how, if the notice says that. */
  heard(taskId: string, record: Buffer | null): void {
    if (!this.#open.delete(taskId) || record === null || timeToLive(record) < KEPT_FOR) return;
    this.#ended.set(taskId, { record, heardAt: this.#clock().now() });
    dropOldest(this.#ended, MOST_ENDED);
  }

  /** The record of a task that ended a moment ago; null when it has to be looked at. */
  takeEnd(taskId: string): Buffer | null {
    const end = this.#ended.get(taskId);
    this.#ended.delete(taskId);
    const age = end ? this.#clock().now() - end.heardAt : 0;
    return end && age >= 0 && age < KEPT_FOR ? end.record : null;
  }

  forget(taskId: string): void {
    this.#open.delete(taskId);
    this.#ended.delete(taskId);
  }

  /** Something may have been missed. */
  forgetAll(): void {
    this.#open.clear();
    this.#ended.clear();
  }
}

function dropOldest(kept: ShortLivedMap<string, unknown>, most: number): void {
  if (kept.size <= most) return;
  const oldest = kept.oldest();
  if (oldest !== undefined) kept.delete(oldest);
}
