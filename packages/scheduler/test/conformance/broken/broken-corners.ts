import type { Firing, ScheduleChange, ScheduledTask, SlotDecision, UnsubmittedFiring } from '@flowrra/core';
import { InMemorySchedulerBackend } from '../../../src/in-memory/in-memory-scheduler-backend.js';
import type { BrokenSamples } from './broken-sample.js';

/** As MySQL does. */
class RoundsFractions extends InMemorySchedulerBackend {
  override create(task: ScheduledTask): Promise<void> {
    return super.create({ ...task, timeout: task.timeout && Math.round(task.timeout) });
  }
}

/** As Oracle does. */
class TakesEmptyTextsForNone extends InMemorySchedulerBackend {
  override create(task: ScheduledTask): Promise<void> {
    return super.create({ ...task, description: task.description || null, error: task.error || null });
  }
}

class SearchesWhatWasCreated extends InMemorySchedulerBackend {
  readonly #created = new Map<string, ScheduledTask>();

  override async create(task: ScheduledTask): Promise<void> {
    this.#created.set(task.id, task);
    await super.create(task);
  }

  override async findByDefinition(
    ...[taskName, , schedule]: Parameters<InMemorySchedulerBackend['findByDefinition']>
  ): Promise<ScheduledTask | null> {
    const fits = (task: ScheduledTask) => task.taskName === taskName && task.schedule === schedule;
    const found = [...this.#created.values()].find(fits);
    return found ? this.get(found.id) : null;
  }
}

class RenamesSchedules extends InMemorySchedulerBackend {
  override async applyChanges(changes: readonly ScheduleChange[]): Promise<boolean> {
    const renaming = changes.find(({ before, after }) => before && after && before.id !== after.id);
    return renaming ? true : super.applyChanges(changes);
  }
}

class ChangesAScheduleOnceAtMost extends InMemorySchedulerBackend {
  override async applyChanges(changes: readonly ScheduleChange[]): Promise<boolean> {
    const ids = changes.map(({ before, after }) => before?.id ?? after?.id);
    return new Set(ids).size === ids.length && super.applyChanges(changes);
  }
}

class ClaimsTheLastDecisionOfASchedule extends InMemorySchedulerBackend {
  override claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    const last = new Map(decisions.map((decision) => [decision.scheduleId, decision]));
    return super.claimDue([...last.values()], options);
  }
}

class HandsOutTheLatestSlotFirst extends InMemorySchedulerBackend {
  override async unsubmittedFirings(options: { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    const found = await super.unsubmittedFirings(options);
    const byClaim = (a: Firing, b: Firing) => a.claimedAt.getTime() - b.claimedAt.getTime();
    return found.reverse().sort((a, b) => byClaim(a.firing, b.firing));
  }
}

class CountsWhatIsTooOld extends InMemorySchedulerBackend {
  override async pruneFirings({ olderThan, keep }: { olderThan: number; keep: number }): Promise<number> {
    const removed = await super.pruneFirings({ olderThan: Number.MAX_SAFE_INTEGER, keep });
    return removed + (await super.pruneFirings({ olderThan, keep }));
  }
}

/** A page of what may go is all that it looks at. */
class IsStoppedByClaimedFirings extends InMemorySchedulerBackend {
  override async pruneFirings(options: { olderThan: number; keep: number }): Promise<number> {
    const page = await this.listFirings('job', { limit: 500, offset: options.keep });
    return page.length > 0 && page.every(({ state }) => state === 'claimed') ? 0 : super.pruneFirings(options);
  }
}

class ForgetsTheLastTask extends InMemorySchedulerBackend {
  override async listAll(): Promise<ScheduledTask[]> {
    return (await super.listAll()).map((task) => ({ ...task, lastTaskId: null }));
  }
}

class DropsWhatWasCalled extends InMemorySchedulerBackend {
  override async create(task: ScheduledTask): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await super.create(task);
  }
}

export const BROKEN_CORNERS: BrokenSamples = [
  [RoundsFractions, 'refuses what not every store could keep, and writes nothing (SQ-09, SQ-10)'],
  [TakesEmptyTextsForNone, 'gives back every field of a schedule, instants to the millisecond (SQ-08)'],
  [ForgetsTheLastTask, 'answers as the store in memory does, whatever is done to both'],
  [SearchesWhatWasCreated, 'finds a replaced schedule by what it is now, and not by what it was'],
  [RenamesSchedules, 'refuses to give a schedule another id'],
  [ChangesAScheduleOnceAtMost, 'makes several changes of one schedule one after the other'],
  [ClaimsTheLastDecisionOfASchedule, 'takes several decisions for one schedule one after the other'],
  [HandsOutTheLatestSlotFirst, 'hands out what was claimed together by its slots'],
  [CountsWhatIsTooOld, 'keeps the newest of those that are not too old'],
  [IsStoppedByClaimedFirings, 'finds what to remove behind a thousand claimed ones'],
  [DropsWhatWasCalled, 'ends what was called before it closes'],
];
