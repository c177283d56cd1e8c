import type { BaseSchedulerBackend, Clock, Logger, ScheduledTask, TaskContract } from '@flowrra/core';
import { decideNothing } from './decide-slots.js';

/** Overdue rows that are looked at together. */
const ROWS_AT_ONCE = 500;
/** Milliseconds: nobody is about to fire what is overdue for so long. */
const OVERDUE = 5_000;
/** Milliseconds between two looks at what is overdue, which is for people to know, and costs a query. */
const LOOK_EVERY = 15 * 60_000;

/** What this process knows of a task, with or without its code; null when it knows nothing. */
export type FindTask = (name: string) => TaskContract | null;

export interface UnknownTasksParts {
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly findTask: FindTask;
}

/**
 * Tasks that this node does not know, and therefore leaves to other nodes. Rows that none of them fires are told why; those
 * that another one serves are not.
 */
export class UnknownTasks {
  readonly #parts: UnknownTasksParts;
  readonly #names = new Set<string>();
  #nextLook = 0;

  constructor(parts: UnknownTasksParts) {
    this.#parts = parts;
  }

  /** Those that are still unknown: a task may be registered at any time. */
  names(): string[] {
    for (const name of this.#names) if (this.#parts.findTask(name)) this.#names.delete(name);
    return [...this.#names];
  }

  /** Milliseconds until the next look at what is overdue, 0 when it is due; null when every task is known. */
  lookIn(): number | null {
    return this.names().length === 0 ? null : Math.max(0, this.#nextLook - this.#parts.clock.now());
  }

  /** Tells the rows that nobody fires. */
  async look(backend: BaseSchedulerBackend): Promise<void> {
    const { node, clock, findTask } = this.#parts;
    this.#nextLook = clock.now() + LOOK_EVERY;
    const { now, schedules } = await backend.readDue({ limit: ROWS_AT_ONCE });
    const untold = schedules.filter(
      ({ taskName, nextRun, error }) =>
        error === null && Number(now) - Number(nextRun) >= OVERDUE && findTask(taskName) === null,
    );
    if (untold.length === 0) return;
    const decisions = untold.map((row) => decideNothing(row, unfired(row.taskName, node)));
    await backend.claimDue(decisions, { node });
  }

  /** Sorts out the schedules whose task is unknown. */
  sortOut(schedules: readonly ScheduledTask[]): { known: Set<ScheduledTask>; foundUnknown: boolean } {
    const { node, logger, clock, findTask } = this.#parts;
    const known = new Set<ScheduledTask>();
    let foundUnknown = false;
    for (const schedule of schedules) {
      const { taskName } = schedule;
      if (findTask(taskName)) known.add(schedule);
      else if (!this.#names.has(taskName)) {
        foundUnknown = true;
        this.#names.add(taskName);
        this.#nextLook = clock.now() + OVERDUE;
        logger.warn(
          { task: taskName, node },
          'schedules of a task that is not registered here are left to other nodes',
        );
      }
    }
    return { known, foundUnknown };
  }
}

function unfired(taskName: string, node: string): string {
  return `Node "${node}" knows no task "${taskName}", and no other node fired the schedule. Register the task where a scheduler runs, or remove the schedule.`;
}
