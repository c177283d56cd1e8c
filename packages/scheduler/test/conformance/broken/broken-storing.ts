import type { JsonObject, JsonValue, ScheduledTask, ScheduleFilter, ScheduleType } from '@flowrra/core';
import { InMemorySchedulerBackend } from '../../../src/in-memory/in-memory-scheduler-backend.js';
import type { BrokenSamples } from './broken-sample.js';

class CutsInstantsToSeconds extends InMemorySchedulerBackend {
  override create(task: ScheduledTask): Promise<void> {
    const nextRun = task.nextRun && new Date(Math.floor(task.nextRun.getTime() / 1000) * 1000);
    return super.create({ ...task, nextRun });
  }
}

class FoldsTheCaseOfIds extends InMemorySchedulerBackend {
  override create(task: ScheduledTask): Promise<void> {
    return super.create({ ...task, id: task.id.toLowerCase() });
  }
}

class ReadsNullAsEmpty extends InMemorySchedulerBackend {
  override create(task: ScheduledTask): Promise<void> {
    return super.create({ ...task, kwargs: task.kwargs ?? {} });
  }
}

class LosesProto extends InMemorySchedulerBackend {
  override create(task: ScheduledTask): Promise<void> {
    const kwargs: Record<string, JsonValue> = {};
    for (const [key, value] of Object.entries(task.kwargs ?? {})) kwargs[key] = value;
    return super.create({ ...task, kwargs: task.kwargs && kwargs });
  }
}

class KeepsTheGivenRevision extends InMemorySchedulerBackend {
  override async get(id: string): Promise<ScheduledTask | null> {
    const task = await super.get(id);
    return task && { ...task, revision: this.#given.get(id) ?? task.revision };
  }

  override create(task: ScheduledTask): Promise<void> {
    this.#given.set(task.id, task.revision);
    return super.create(task);
  }

  readonly #given = new Map<string, number>();
}

class SharesReferences extends InMemorySchedulerBackend {
  readonly #read = new Map<string, ScheduledTask | null>();

  override async get(id: string): Promise<ScheduledTask | null> {
    if (!this.#read.has(id)) this.#read.set(id, await super.get(id));
    return this.#read.get(id) ?? null;
  }
}

class DropsWhatItCannotKeep extends InMemorySchedulerBackend {
  override create(task: ScheduledTask): Promise<void> {
    return super.create({ ...task, description: task.description?.replace('\0', '') ?? null });
  }
}

class OverwritesTakenIds extends InMemorySchedulerBackend {
  override async create(task: ScheduledTask): Promise<void> {
    await this.delete(task.id);
    await super.create(task);
  }
}

class CreatesWhatItShouldUpdate extends InMemorySchedulerBackend {
  override async update(task: ScheduledTask): Promise<void> {
    if (await this.get(task.id)) await super.update(task);
    else await this.create(task);
  }
}

class TakesTheRevisionForAVersionOfRuns extends InMemorySchedulerBackend {
  override async updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void> {
    const task = await this.get(id);
    if (task) await this.update({ ...task, lastRun, nextRun });
  }
}

class IgnoresRunsOfWhatIsGone extends InMemorySchedulerBackend {
  override async updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void> {
    if (await this.get(id)) await super.updateRunTimes(id, lastRun, nextRun);
  }
}

class IsDueOnlyAfterwards extends InMemorySchedulerBackend {
  override listDue(now?: Date): Promise<ScheduledTask[]> {
    return super.listDue(now && new Date(now.getTime() - 1));
  }
}

class ListsInOrderOfCreation extends InMemorySchedulerBackend {
  readonly #created: string[] = [];

  override create(task: ScheduledTask): Promise<void> {
    this.#created.push(task.id);
    return super.create(task);
  }

  override async listAll(): Promise<ScheduledTask[]> {
    return (await super.listAll()).sort((a, b) => this.#created.indexOf(a.id) - this.#created.indexOf(b.id));
  }
}

class ListsWhatIsDisabled extends InMemorySchedulerBackend {
  override listEnabled(): Promise<ScheduledTask[]> {
    return this.listAll();
  }
}

/** As an unescaped LIKE does. */
class LetsWildcardsLive extends InMemorySchedulerBackend {
  override async listMatching(filter: ScheduleFilter): Promise<ScheduledTask[]> {
    const { text = '', ...rest } = filter;
    const pattern = text
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.');
    const fits = new RegExp(pattern, 'i');
    const all = await super.listMatching(rest);
    return all.filter((task) => [task.id, task.taskName, task.description ?? ''].some((field) => fits.test(field)));
  }
}

class TakesNoOwnerForAnyOwner extends InMemorySchedulerBackend {
  override listMatching({ owner, ...rest }: ScheduleFilter): Promise<ScheduledTask[]> {
    return super.listMatching({ ...rest, owner: owner ?? undefined });
  }
}

class SearchesTheCaseOfLetters extends InMemorySchedulerBackend {
  override async listMatching(filter: ScheduleFilter): Promise<ScheduledTask[]> {
    const found = await super.listMatching(filter);
    return found.filter((task) => `${task.id} ${task.taskName} ${task.description}`.includes(filter.text ?? ''));
  }
}

/** As a query does whose condition is left out when there is nothing to compare with. */
class RemovesAllWithoutAnId extends InMemorySchedulerBackend {
  override async delete(id: string): Promise<boolean> {
    return id === undefined ? (await this.clear()) > 0 : super.delete(id);
  }
}

class MindsTheOrderOfKeys extends InMemorySchedulerBackend {
  override async findByDefinition(
    taskName: string,
    scheduleType: ScheduleType,
    schedule: string,
    args: readonly JsonValue[] = [],
    kwargs: JsonObject | null = null,
    timeZone = 'UTC',
  ): Promise<ScheduledTask | null> {
    const found = await super.findByDefinition(taskName, scheduleType, schedule, args, kwargs, timeZone);
    const text = JSON.stringify([args, kwargs]);
    return found && JSON.stringify([found.args, found.kwargs]) === text ? found : null;
  }
}

class FindsWhateverTheZone extends InMemorySchedulerBackend {
  override async findByDefinition(
    ...[taskName, type, schedule, args, kwargs]: Parameters<InMemorySchedulerBackend['findByDefinition']>
  ): Promise<ScheduledTask | null> {
    const [task] = (await this.listAll()).filter((each) => each.taskName === taskName);
    return super.findByDefinition(taskName, type, schedule, args, kwargs, task?.timeZone);
  }
}

class FindsTheFirstById extends InMemorySchedulerBackend {
  override async findByDefinition(
    ...[taskName, type, schedule]: Parameters<InMemorySchedulerBackend['findByDefinition']>
  ): Promise<ScheduledTask | null> {
    const all = await this.listAll();
    const fits = (task: ScheduledTask) => task.taskName === taskName && task.scheduleType === type;
    return all.find((task) => fits(task) && task.schedule === schedule) ?? null;
  }
}

export const BROKEN_STORING: BrokenSamples = [
  [CutsInstantsToSeconds, 'never rounds a next run into the next second (SQ-08)'],
  [FoldsTheCaseOfIds, 'keeps ids apart that differ in one character or in its case (SQ-09)'],
  [ReadsNullAsEmpty, 'keeps apart keyword arguments that are null and those that are empty'],
  [LosesProto, 'treats keys such as __proto__ as data'],
  [KeepsTheGivenRevision, 'counts the revisions itself, from 1 on'],
  [SharesReferences, 'is not changed by what callers do to their own objects'],
  [DropsWhatItCannotKeep, 'refuses what not every store could keep, and writes nothing (SQ-09, SQ-10)'],
  [OverwritesTakenIds, 'refuses an id that is taken, and keeps the schedule that has it'],
  [CreatesWhatItShouldUpdate, 'refuses to update what is not there, and creates nothing'],
  [TakesTheRevisionForAVersionOfRuns, 'notes when a schedule ran and runs next, and leaves the rest as it is'],
  [IgnoresRunsOfWhatIsGone, 'refuses to note a run of what is not there'],
  [RemovesAllWithoutAnId, 'removes nothing, and finds nothing, by an id that is no text'],
  [IsDueOnlyAfterwards, 'lists what is due up to the given instant, the earliest first'],
  [ListsInOrderOfCreation, 'lists whole schedules, by the bytes of their ids'],
  [ListsWhatIsDisabled, 'lists what is enabled, due or not'],
  [LetsWildcardsLive, 'finds a text in id, task name or description, literally and in any case (SQ-11)'],
  [SearchesTheCaseOfLetters, 'finds a text in id, task name or description, literally and in any case (SQ-11)'],
  [TakesNoOwnerForAnyOwner, 'lists those that match every condition'],
  [MindsTheOrderOfKeys, 'does not mind the order of keys, at any depth (SQ-12)'],
  [FindsWhateverTheZone, 'finds the schedule with exactly the definition'],
  [FindsTheFirstById, 'finds the oldest of several'],
];
