import {
  type DueSchedules,
  type DueTimes,
  type ExceptTasks,
  type Firing,
  type ScheduleChange,
  type ScheduledTask,
  ScheduleExistsError,
  type SlotDecision,
} from '@flowrra/core';
import { InMemorySchedulerBackend } from '../../../src/in-memory/in-memory-scheduler-backend.js';
import type { BrokenSamples } from './broken-sample.js';

/** Changes decisions before they are written, knowing the stored row. */
abstract class ClaimsOtherwise extends InMemorySchedulerBackend {
  abstract otherwise(decision: SlotDecision, task: ScheduledTask): SlotDecision | null;

  override async claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    const changed: SlotDecision[] = [];
    for (const decision of decisions) {
      const task = await this.get(decision.scheduleId);
      const other = task && this.otherwise(decision, task);
      if (other) changed.push(other);
    }
    return super.claimDue(changed, options);
  }
}

class ClaimsWhateverTheNextRun extends ClaimsOtherwise {
  override otherwise(decision: SlotDecision, { nextRun }: ScheduledTask): SlotDecision {
    return { ...decision, dueAt: nextRun };
  }
}

class ClaimsWhateverTheRevision extends ClaimsOtherwise {
  override otherwise(decision: SlotDecision, { revision }: ScheduledTask): SlotDecision {
    return { ...decision, revision };
  }
}

class ClaimsWhateverTheIncarnation extends ClaimsOtherwise {
  override otherwise(decision: SlotDecision, { incarnation }: ScheduledTask): SlotDecision {
    return { ...decision, incarnation };
  }
}

/** As `next_run = NULL` does. */
class NeverFindsANullAgain extends ClaimsOtherwise {
  override otherwise(decision: SlotDecision): SlotDecision | null {
    return decision.dueAt && decision;
  }
}

class TakesNullForAnyNextRun extends ClaimsOtherwise {
  override otherwise(decision: SlotDecision, { nextRun }: ScheduledTask): SlotDecision {
    return { ...decision, dueAt: decision.dueAt ?? nextRun };
  }
}

class WritesFiringsTwice extends ClaimsOtherwise {
  #written = 0;

  override otherwise(decision: SlotDecision): SlotDecision {
    const firings = decision.firings.map((firing) => ({
      ...firing,
      id: `${firing.id.slice(0, 40)}-${this.#written++}`,
    }));
    return { ...decision, firings };
  }
}

class KeepsTheError extends ClaimsOtherwise {
  override otherwise(decision: SlotDecision, { error }: ScheduledTask): SlotDecision {
    return { ...decision, error: decision.error ?? error };
  }
}

class ForgetsWhatWasPassedOver extends ClaimsOtherwise {
  override otherwise(decision: SlotDecision): SlotDecision {
    return { ...decision, firings: decision.firings.filter(({ kind }) => kind !== 'passed-over') };
  }
}

class CountsTriggersByHand extends InMemorySchedulerBackend {
  override async claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    const firings = await super.claimDue(decisions, options);
    for (const { kind, scheduleId } of firings) {
      const task = await this.get(scheduleId);
      if (task && kind === 'manual') await this.update({ ...task, runCount: task.runCount + 1 });
    }
    return firings;
  }
}

class TakesTheLastOneForTheNewest extends InMemorySchedulerBackend {
  override async get(id: string): Promise<ScheduledTask | null> {
    const [task, firings] = await Promise.all([super.get(id), this.listFirings(id)]);
    const last = firings.find(({ state }) => state === 'skipped');
    return task && last ? { ...task, lastRun: last.slot } : task;
  }
}

class ClaimsOnly500AtOnce extends InMemorySchedulerBackend {
  override claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    return super.claimDue(decisions.slice(0, 500), options);
  }
}

/** Looks, and writes a turn of the event loop later. */
class ClaimsWithoutALock extends InMemorySchedulerBackend {
  override async claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    const free: Firing[] = [];
    for (const decision of decisions) {
      const task = await this.get(decision.scheduleId);
      if (task?.nextRun?.getTime() !== decision.dueAt?.getTime()) continue;
      const { scheduleId, incarnation } = decision;
      const origin = { scheduleId, incarnation, claimedAt: new Date(0), submittedAt: null };
      free.push(...decision.firings.map((firing) => ({ ...firing, ...origin, ...options })));
    }
    await new Promise((resolve) => setImmediate(resolve));
    await super.claimDue(decisions, options);
    return free;
  }
}

class CreatesInARace extends InMemorySchedulerBackend {
  override async create(task: ScheduledTask): Promise<void> {
    if (await this.get(task.id)) throw new ScheduleExistsError(task.id);
    await Promise.all([this.delete(task.id), super.create(task)]);
  }
}

class LosesUpdates extends InMemorySchedulerBackend {
  override async update(task: ScheduledTask): Promise<void> {
    const before = await this.get(task.id);
    await Promise.resolve();
    if (before) await super.applyChanges([{ before, after: task }]);
    else await super.update(task);
  }
}

class AppliesWhatItCan extends InMemorySchedulerBackend {
  override async applyChanges(changes: readonly ScheduleChange[]): Promise<boolean> {
    let all = true;
    for (const change of changes) all = (await super.applyChanges([change])) && all;
    return all;
  }
}

/** Reads the row anew and tries again. */
class AppliesWhateverWasMeantime extends InMemorySchedulerBackend {
  override async applyChanges(changes: readonly ScheduleChange[]): Promise<boolean> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const current = await Promise.all(changes.map((change) => this.#onCurrentRow(change)));
      if (await super.applyChanges(current)) return true;
    }
    return false;
  }

  async #onCurrentRow(change: ScheduleChange): Promise<ScheduleChange> {
    const before = change.before && (await this.get(change.before.id));
    return before ? { before, after: change.after } : change;
  }
}

class CreatesOverTakenIds extends InMemorySchedulerBackend {
  override async applyChanges(changes: readonly ScheduleChange[]): Promise<boolean> {
    for (const { before, after } of changes) if (before === null) await this.delete(after.id);
    return super.applyChanges(changes);
  }
}

class ReadsWhatIsLeftOut extends InMemorySchedulerBackend {
  override readDue({ limit }: { limit: number }): Promise<DueSchedules> {
    return super.readDue({ limit });
  }
}

class ReadsMoreThanTheLimit extends InMemorySchedulerBackend {
  override readDue({ exceptTasks }: ExceptTasks): Promise<DueSchedules> {
    return super.readDue({ exceptTasks, limit: 1_000 });
  }
}

class LimitsBeforeItLeavesOut extends InMemorySchedulerBackend {
  override async readDue({ exceptTasks = [], limit }: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    const { now, schedules } = await super.readDue({ limit });
    return { now, schedules: schedules.filter(({ taskName }) => !exceptTasks.includes(taskName)) };
  }
}

class ReadsTheNewestFirst extends InMemorySchedulerBackend {
  override async readDue(options: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    const { now, schedules } = await super.readDue(options);
    return { now, schedules: schedules.toReversed() };
  }
}

class IsSometimesEarly extends InMemorySchedulerBackend {
  override async readDue({ limit }: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    const { now } = await this.dueTimes();
    return { now, schedules: (await this.listDue(new Date(now.getTime() + 15))).slice(0, limit) };
  }
}

class WaitsForWhatIsDisabled extends InMemorySchedulerBackend {
  override async dueTimes(options?: ExceptTasks): Promise<DueTimes> {
    const nextRuns = (await this.listAll()).flatMap(({ nextRun }) => nextRun ?? []);
    const [nextRun = null] = nextRuns.sort((a, b) => a.getTime() - b.getTime());
    return { ...(await super.dueTimes(options)), nextRun };
  }
}

class WaitsForClaimsOfWhatIsLeftOut extends InMemorySchedulerBackend {
  override async dueTimes(options?: ExceptTasks): Promise<DueTimes> {
    const { oldestClaim } = await super.dueTimes();
    return { ...(await super.dueTimes(options)), oldestClaim };
  }
}

export const BROKEN_CLAIMING: BrokenSamples = [
  [ClaimsWhateverTheNextRun, 'claims nothing of a schedule that was moved to another next run since (SI-5)'],
  [ClaimsWhateverTheNextRun, 'claims nothing of a schedule that was moved to no next run since (SI-5)'],
  [ClaimsWhateverTheRevision, 'claims nothing of a schedule that was updated since (SI-5)'],
  [ClaimsWhateverTheIncarnation, 'claims nothing of a schedule that was removed and created anew since (SI-5)'],
  [TakesNullForAnyNextRun, 'claims nothing of a schedule that was given a next run where it had none since (SI-5)'],
  [NeverFindsANullAgain, 'takes a trigger by hand of a schedule that has no next run'],
  [WritesFiringsTwice, 'writes a firing once, and counts it once, also when it is decided again'],
  [KeepsTheError, 'notes why a schedule cannot fire, and that it can again (SC-12)'],
  [ForgetsWhatWasPassedOver, 'writes the firings, and gives back what it wrote'],
  [CountsTriggersByHand, 'counts no trigger by hand, and nothing that was skipped or passed over'],
  [TakesTheLastOneForTheNewest, 'takes the newest slot that runs for the last run, and counts those that run'],
  [ClaimsOnly500AtOnce, 'writes 600 decisions at once, each to its own schedule'],
  [ClaimsWithoutALock, 'gives each slot to one of several claimers at once (SQ-04, SI-1)'],
  [CreatesInARace, 'lets one of 20 creators of an id win (SC-13)'],
  [LosesUpdates, 'counts every one of 20 updates at once'],
  [AppliesWhatItCan, 'changes nothing when a schedule was updated since'],
  [AppliesWhateverWasMeantime, 'lets one of 10 writers of the same change win'],
  [AppliesWhateverWasMeantime, 'changes nothing when a schedule was removed and created anew since'],
  [CreatesOverTakenIds, 'changes nothing when an id to be created is taken'],
  [ReadsWhatIsLeftOut, 'reads no more than the limit, and nothing that is left out'],
  [ReadsMoreThanTheLimit, 'reads no more than the limit, and nothing that is left out'],
  [LimitsBeforeItLeavesOut, 'reads no more than the limit, and nothing that is left out'],
  [ReadsTheNewestFirst, 'reads what is due by the store clock, the longest overdue first'],
  [IsSometimesEarly, 'reads nothing a millisecond before it is due (SC-08)'],
  [WaitsForWhatIsDisabled, 'knows the earliest next run, past or future, of what is enabled'],
  [WaitsForClaimsOfWhatIsLeftOut, 'has nothing to do for tasks that are left out'],
];
