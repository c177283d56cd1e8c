import type { DueSchedules, ExceptTasks, ScheduledTask, UnsubmittedFiring } from '@flowrra/core';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';

/** Memory whose arguments can be spoilt, as somebody may do by hand in a database. */
export class DamageableBackend extends InMemorySchedulerBackend {
  readonly #damaged = new Set<string>();

  async damage(id: string): Promise<void> {
    const task = await super.get(id);
    if (task) this.#damaged.add(rowOf(task));
  }

  override async get(id: string): Promise<ScheduledTask | null> {
    const task = await super.get(id);
    return task && this.#shown(task);
  }

  override async listAll(): Promise<ScheduledTask[]> {
    return (await super.listAll()).map((task) => this.#shown(task));
  }

  override async listEnabled(): Promise<ScheduledTask[]> {
    return (await super.listEnabled()).map((task) => this.#shown(task));
  }

  override async readDue(options: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    const { now, schedules } = await super.readDue(options);
    for (const { id } of schedules.filter((task) => this.isDamaged(task))) await super.updateRunTimes(id, now, null);
    return { now, schedules: schedules.filter((task) => !this.isDamaged(task)) };
  }

  override async unsubmittedFirings(options: { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    const found = await super.unsubmittedFirings(options);
    return found.map(({ firing, schedule }) => ({
      firing,
      schedule: schedule && this.isDamaged(schedule) ? null : schedule,
    }));
  }

  isDamaged(task: ScheduledTask): boolean {
    return this.#damaged.has(rowOf(task));
  }

  #shown(task: ScheduledTask): ScheduledTask {
    return this.isDamaged(task)
      ? { ...task, args: [], error: 'The stored arguments are no JSON.', damaged: true }
      : task;
  }
}

function rowOf({ id, incarnation, revision }: ScheduledTask): string {
  return `${id} ${incarnation} ${revision}`;
}
