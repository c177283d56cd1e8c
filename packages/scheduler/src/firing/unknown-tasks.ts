import type { BaseSchedulerBackend, Logger, ScheduledTask, TaskContract } from '@flowrra/core';
import { decideNothing } from './decide-slots.js';

/** Rows that are told at once that their task is unknown. */
const ROWS_AT_ONCE = 500;

/** What this process knows of a task, with or without its code; null when it knows nothing. */
export type FindTask = (name: string) => TaskContract | null;

export interface UnknownTasksParts {
  readonly node: string;
  readonly logger: Logger;
  readonly findTask: FindTask;
}

/** Tasks that this node does not know, and therefore leaves to other nodes. */
export class UnknownTasks {
  readonly #parts: UnknownTasksParts;
  readonly #names = new Set<string>();

  constructor(parts: UnknownTasksParts) {
    this.#parts = parts;
  }

  /** Those that are still unknown: a task may be registered at any time. */
  names(): string[] {
    for (const name of this.#names) if (this.#parts.findTask(name)) this.#names.delete(name);
    return [...this.#names];
  }

  /** Sorts out the schedules whose task is unknown; when one is found to be, all its rows are told once. */
  async sortOut(
    backend: BaseSchedulerBackend,
    schedules: readonly ScheduledTask[],
  ): Promise<{ known: Set<ScheduledTask>; foundUnknown: boolean }> {
    const known = new Set<ScheduledTask>();
    const unknown = new Set<string>();
    for (const schedule of schedules) {
      if (this.#parts.findTask(schedule.taskName)) known.add(schedule);
      else unknown.add(schedule.taskName);
    }
    const found = [...unknown].filter((name) => !this.#names.has(name));
    for (const name of found) await this.#note(backend, name);
    return { known, foundUnknown: found.length > 0 };
  }

  async #note(backend: BaseSchedulerBackend, taskName: string): Promise<void> {
    const { node, logger } = this.#parts;
    logger.warn({ task: taskName, node }, 'schedules of a task that is not registered here are left to other nodes');
    const error = `No task "${taskName}" is registered on the scheduler node that looked. Register it, or remove the schedule.`;
    // Told before it is excluded: should the store fail in between, the next round begins anew.
    for (let offset = 0; ; offset += ROWS_AT_ONCE) {
      const rows = await backend.listMatching({ taskName, enabled: true, limit: ROWS_AT_ONCE, offset });
      const untold = rows.filter((row) => row.error === null);
      if (untold.length > 0)
        await backend.claimDue(
          untold.map((row) => decideNothing(row, error)),
          { node },
        );
      if (rows.length < ROWS_AT_ONCE) break;
    }
    this.#names.add(taskName);
  }
}
