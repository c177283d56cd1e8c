import type { ScheduledTask } from '@flowrra/core';
import { versionOf } from '../stored-schedule.js';
import type { FindTask } from './unknown-tasks.js';

/** Most schedules whose tasks went elsewhere that are kept in mind. */
const MOST_KEPT = 10_000;

/**
 * In which queues the tasks of schedules are: where the schedule says, or else the task; unless middleware of the app put
 * the last one, which this node pushed, into another.
 */
export class TaskQueues {
  readonly #findTask: FindTask;
  readonly #elsewhere = new Map<string, { readonly version: string; readonly queue: string }>();

  constructor(findTask: FindTask) {
    this.#findTask = findTask;
  }

  /** Undefined when nobody here knows the task. What was registered anew may go another way. */
  of(schedule: ScheduledTask): string | undefined {
    const seen = this.#elsewhere.get(schedule.id);
    return seen?.version === versionOf(schedule) ? seen.queue : this.#named(schedule);
  }

  /** Its task went there, or was meant to. */
  note(schedule: ScheduledTask, queue: string): void {
    this.#elsewhere.delete(schedule.id);
    if (queue === this.#named(schedule)) return;
    if (this.#elsewhere.size >= MOST_KEPT) this.#elsewhere.clear();
    this.#elsewhere.set(schedule.id, { version: versionOf(schedule), queue });
  }

  #named(schedule: ScheduledTask): string | undefined {
    return schedule.queue ?? this.#findTask(schedule.taskName)?.queue;
  }
}
