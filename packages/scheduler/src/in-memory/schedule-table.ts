import { type ScheduleChange, type ScheduledTask, ScheduleNotFoundError } from '@flowrra/core';
import { copySchedule, isSameVersion, type RowVersion } from '../stored-schedule.js';

/** The stored schedules by id. What it gives out is the table's own: copy it before it leaves the store. */
export class ScheduleTable {
  readonly #rows = new Map<string, ScheduledTask>();

  get(id: string): ScheduledTask | null {
    return this.#rows.get(id) ?? null;
  }

  /** @throws ScheduleNotFoundError */
  find(id: string): ScheduledTask {
    const row = this.#rows.get(id);
    if (!row) throw new ScheduleNotFoundError(id);
    return row;
  }

  /** The row, if it is still the one that was read. */
  current(id: string, read: RowVersion): ScheduledTask | null {
    const row = this.#rows.get(id);
    return row && isSameVersion(row, read) ? row : null;
  }

  write(task: ScheduledTask): void {
    this.#rows.set(task.id, copySchedule(task));
  }

  delete(id: string): boolean {
    return this.#rows.delete(id);
  }

  /** @returns how many there were */
  clear(): number {
    const count = this.#rows.size;
    this.#rows.clear();
    return count;
  }

  /** By id. */
  list(matches: (task: ScheduledTask) => boolean): ScheduledTask[] {
    return [...this.#rows.values()].filter(matches).sort(byId);
  }

  /** The longest overdue first. */
  due(now: Date, matches: (task: ScheduledTask) => boolean): ScheduledTask[] {
    const last = now.getTime();
    const due = [...this.#rows.values()].filter((task) => dueAt(task) <= last && matches(task));
    return due.sort((a, b) => dueAt(a) - dueAt(b) || byId(a, b));
  }

  /** The earliest next run of an enabled schedule. */
  nextRun(matches: (task: ScheduledTask) => boolean): Date | null {
    let earliest = Number.POSITIVE_INFINITY;
    for (const task of this.#rows.values()) {
      if (dueAt(task) < earliest && matches(task)) earliest = dueAt(task);
    }
    return Number.isFinite(earliest) ? new Date(earliest) : null;
  }

  /** @returns false, with everything as it was, when a row is not as `before` any more */
  apply(changes: readonly ScheduleChange[]): boolean {
    const rows = new Map(this.#rows);
    if (changes.every((change) => this.#applyOne(change))) return true;
    this.#rows.clear();
    for (const [id, row] of rows) this.#rows.set(id, row);
    return false;
  }

  #applyOne({ before, after }: ScheduleChange): boolean {
    if (before === null) return this.#create(after);
    if (!this.current(before.id, before)) return false;
    if (after) this.write({ ...after, revision: before.revision + 1 });
    else this.#rows.delete(before.id);
    return true;
  }

  #create(task: ScheduledTask): boolean {
    if (this.#rows.has(task.id)) return false;
    this.write({ ...task, revision: 1 });
    return true;
  }
}

/** Epoch milliseconds: comparing dates themselves is some ten times slower. */
function dueAt({ enabled, nextRun }: ScheduledTask): number {
  return enabled && nextRun ? nextRun.getTime() : Number.POSITIVE_INFINITY;
}

function byId(a: ScheduledTask, b: ScheduledTask): number {
  return a.id < b.id ? -1 : Number(a.id !== b.id);
}
