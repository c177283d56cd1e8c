import type { BaseSchedulerBackend, Firing, ScheduledTask, SlotDecision } from '@flowrra/core';
import { runsAmong } from '../claimed-runs.js';
import { copyDate, copySchedule, sameInstant } from '../stored-schedule.js';

/** What was decided for a schedule and is not stored yet. */
interface Ahead {
  readonly scheduleId: string;
  /** As it is stored; another one means that somebody edited the row. */
  readonly storedNextRun: Date | null;
  readonly nextRun: Date | null;
  readonly error: string | null;
  readonly lastRun: Date | null;
  readonly lastTaskId: string | null;
  /** Runs that the stored count does not have. */
  readonly ran: number;
}

/** Runs that were claimed, by incarnation: rows are seen as if they were stored, and stored once all of them are settled. */
export class RunsAhead {
  readonly #backend: BaseSchedulerBackend;
  readonly #ahead = new Map<string, Ahead>();
  /** Firings that are not settled, by schedule, with their task's name. */
  readonly #tasks = new Map<string, Map<string, string>>();
  readonly #unsettled = new Map<string, Set<string>>();
  /** How often a run was stored, by incarnation: that is no revision. */
  readonly #stores = new Map<string, number>();

  constructor(backend: BaseSchedulerBackend) {
    this.#backend = backend;
  }

  /** The row as it is with everything that was decided. */
  view(row: ScheduledTask): ScheduledTask;
  view(row: ScheduledTask | null): ScheduledTask | null;
  view(row: ScheduledTask | null): ScheduledTask | null {
    if (!row) return null;
    const revision = row.revision - (this.#stores.get(row.incarnation) ?? 0);
    const ahead = this.#ahead.get(row.incarnation);
    if (!ahead) return { ...row, revision };
    const { storedNextRun, nextRun, error, lastRun, lastTaskId, ran } = ahead;
    const edited = !sameInstant(row.nextRun, storedNextRun);
    return copySchedule({
      ...row,
      revision,
      nextRun: edited ? row.nextRun : nextRun,
      error,
      lastRun,
      lastTaskId,
      runCount: row.runCount + ran,
    });
  }

  /** The task of a firing that is not settled; null when its schedule is gone. */
  taskOf({ scheduleId, id }: Firing): string | null {
    return this.#tasks.get(scheduleId)?.get(id) ?? null;
  }

  /** @param row as `view` shows it */
  note(row: ScheduledTask, { nextRun, error }: SlotDecision, firings: readonly Firing[]): void {
    const claimed = firings.filter(({ state }) => state === 'claimed');
    if (claimed.length > 0) {
      const tasks = this.#tasks.get(row.id) ?? new Map();
      this.#tasks.set(row.id, tasks);
      for (const { id } of claimed) tasks.set(id, row.taskName);
    }
    const { runs, newest } = runsAmong(firings);
    if (runs.length === 0 && error === row.error && sameInstant(nextRun, row.nextRun)) return;
    const before = this.#ahead.get(row.incarnation);
    this.#ahead.set(row.incarnation, {
      scheduleId: row.id,
      storedNextRun: before ? before.storedNextRun : row.nextRun,
      nextRun: copyDate(nextRun),
      error,
      lastRun: copyDate(newest?.slot ?? row.lastRun),
      lastTaskId: newest?.id ?? row.lastTaskId,
      ran: (before?.ran ?? 0) + runs.length,
    });
    const unsettled = this.#unsettled.get(row.incarnation) ?? new Set();
    for (const { id } of runs) unsettled.add(id);
    if (unsettled.size > 0) this.#unsettled.set(row.incarnation, unsettled);
  }

  /** The firing was marked. */
  settle({ id, scheduleId, incarnation }: Firing): void {
    const tasks = this.#tasks.get(scheduleId);
    tasks?.delete(id);
    if (tasks?.size === 0) this.#tasks.delete(scheduleId);
    const unsettled = this.#unsettled.get(incarnation);
    unsettled?.delete(id);
    if (unsettled?.size === 0) this.#unsettled.delete(incarnation);
  }

  /** Stores the runs that are settled. What could not be stored is tried again by the next call. */
  async store(): Promise<void> {
    for (const [incarnation, { scheduleId }] of this.#ahead) {
      if (this.#unsettled.has(incarnation)) continue;
      const row = await this.#backend.get(scheduleId);
      if (row?.incarnation === incarnation) {
        await this.#backend.update(this.view(row));
        this.#stores.set(incarnation, (this.#stores.get(incarnation) ?? 0) + 1);
      }
      this.#ahead.delete(incarnation);
    }
  }

  /** Replaces a row. While runs are unsettled the stored next run stays behind, unless it is what was edited. */
  async replace(task: ScheduledTask): Promise<void> {
    const ahead = this.#ahead.get(task.incarnation);
    if (!ahead || !sameInstant(task.nextRun, ahead.nextRun)) {
      this.#ahead.delete(task.incarnation);
      return this.#backend.update(task);
    }
    await this.#backend.update({ ...task, nextRun: ahead.storedNextRun, runCount: task.runCount - ahead.ran });
  }

  /** The row is what was stored last, whatever was decided before. */
  forget({ incarnation }: ScheduledTask): void {
    this.#ahead.delete(incarnation);
  }

  /** The schedule was removed; what it claimed is anybody's. */
  forgetSchedule({ id, incarnation }: ScheduledTask): void {
    this.#ahead.delete(incarnation);
    this.#unsettled.delete(incarnation);
    this.#stores.delete(incarnation);
    this.#tasks.delete(id);
  }
}
