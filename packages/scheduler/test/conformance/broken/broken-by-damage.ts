import {
  BackendError,
  type DueSchedules,
  type ExceptTasks,
  type ScheduledTask,
  type UnsubmittedFiring,
} from '@flowrra/core';
import { DamageableBackend } from '../damageable-backend.js';
import type { BrokenSamples } from './broken-sample.js';

class LetsOneDamagedRowStopAllLists extends DamageableBackend {
  override async listAll(): Promise<ScheduledTask[]> {
    const all = await super.listAll();
    if (all.some((task) => this.isDamaged(task))) throw new BackendError('The stored arguments are no JSON.');
    return all;
  }
}

class ShowsTheStandInsAsIfTheyWereStored extends DamageableBackend {
  override async get(id: string): Promise<ScheduledTask | null> {
    const task = await super.get(id);
    return task && { ...task, damaged: false };
  }
}

class ReadsTheDamagedRowForEver extends DamageableBackend {
  override async readDue(options: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    const due = (await this.listDue()).slice(0, options.limit);
    return due.some((task) => this.isDamaged(task)) ? { now: new Date(), schedules: [] } : super.readDue(options);
  }
}

class SubmitsWithoutArguments extends DamageableBackend {
  override async unsubmittedFirings(options: { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    const found = await super.unsubmittedFirings(options);
    return Promise.all(found.map(async ({ firing }) => ({ firing, schedule: await this.get(firing.scheduleId) })));
  }
}

class KeepsTheDamage extends DamageableBackend {
  override async update(task: ScheduledTask): Promise<void> {
    const damaged = (await this.get(task.id))?.error;
    await super.update(task);
    if (damaged) await this.damage(task.id);
  }
}

export const BROKEN_BY_DAMAGE: BrokenSamples = [
  [LetsOneDamagedRowStopAllLists, 'shows a damaged schedule with an error, and the others as they are (SC-12)'],
  [ShowsTheStandInsAsIfTheyWereStored, 'shows a damaged schedule with an error, and the others as they are (SC-12)'],
  [ReadsTheDamagedRowForEver, 'reads what is due beside a damaged schedule, and is not stuck on it (SC-12)'],
  [SubmitsWithoutArguments, 'hands out firings beside one of a damaged schedule (SC-12)'],
  [KeepsTheDamage, 'lets a damaged schedule be replaced, or removed'],
];
