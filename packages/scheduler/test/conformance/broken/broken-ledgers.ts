import type { Firing, FiringMark, Page, ScheduledTask, SlotDecision, UnsubmittedFiring } from '@flowrra/core';
import { InMemorySchedulerBackend } from '../../../src/in-memory/in-memory-scheduler-backend.js';
import type { BrokenSamples } from './broken-sample.js';

class ForgetsTheLedger extends InMemorySchedulerBackend {
  override async listFirings(): Promise<Firing[]> {
    return [];
  }
}

class ForgetsTheLedgerWithTheSchedule extends InMemorySchedulerBackend {
  override async listFirings(scheduleId: string, page?: Page): Promise<Firing[]> {
    return (await this.get(scheduleId)) ? super.listFirings(scheduleId, page) : [];
  }
}

class ShowsOneIncarnation extends InMemorySchedulerBackend {
  override async listFirings(scheduleId: string, page?: Page): Promise<Firing[]> {
    const [task, firings] = await Promise.all([this.get(scheduleId), super.listFirings(scheduleId, page)]);
    return firings.filter(({ incarnation }) => incarnation === task?.incarnation);
  }
}

class ListsOldestSlotsFirst extends InMemorySchedulerBackend {
  override async listFirings(scheduleId: string, page?: Page): Promise<Firing[]> {
    return (await super.listFirings(scheduleId, page)).reverse();
  }
}

class OverwritesMarks extends InMemorySchedulerBackend {
  readonly #marks = new Map<string, FiringMark>();

  override async markFirings(firings: readonly Firing[], mark: FiringMark): Promise<void> {
    for (const { id } of firings) this.#marks.set(id, mark);
    await super.markFirings(firings, mark);
  }

  override async listFirings(scheduleId: string, page?: Page): Promise<Firing[]> {
    const firings = await super.listFirings(scheduleId, page);
    return firings.map((firing) => ({ ...firing, ...(this.#marks.get(firing.id) as object | undefined) }));
  }
}

class ForgetsReasons extends InMemorySchedulerBackend {
  override markFirings(firings: readonly Firing[], { state }: FiringMark): Promise<void> {
    return super.markFirings(firings, { state });
  }
}

class MarksOnly500AtOnce extends InMemorySchedulerBackend {
  override markFirings(firings: readonly Firing[], mark: FiringMark): Promise<void> {
    return super.markFirings(firings.slice(0, 500), mark);
  }
}

class HandsOutEveryAge extends InMemorySchedulerBackend {
  override unsubmittedFirings(options: { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    return super.unsubmittedFirings({ ...options, olderThan: 0 });
  }
}

class HandsOutWhatIsLeftOut extends InMemorySchedulerBackend {
  override unsubmittedFirings({
    olderThan,
    limit,
  }: {
    olderThan: number;
    limit: number;
  }): Promise<UnsubmittedFiring[]> {
    return super.unsubmittedFirings({ olderThan, limit });
  }
}

class HandsOutByTheirSlots extends InMemorySchedulerBackend {
  override async unsubmittedFirings(options: { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    const all = await super.unsubmittedFirings({ ...options, limit: 1_000 });
    return all.sort((a, b) => a.firing.slot.getTime() - b.firing.slot.getTime()).slice(0, options.limit);
  }
}

/** Joins by the id alone. */
class FiresForTheNextIncarnation extends InMemorySchedulerBackend {
  override async unsubmittedFirings(options: { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    const schedules = new Map<string, ScheduledTask>((await this.listAll()).map((task) => [task.id, task]));
    const found = await super.unsubmittedFirings(options);
    return found.map(({ firing }) => ({ firing, schedule: schedules.get(firing.scheduleId) ?? null }));
  }
}

class PrunesWhatIsClaimed extends InMemorySchedulerBackend {
  override async pruneFirings(options: { olderThan: number; keep: number }): Promise<number> {
    const claimed = await this.unsubmittedFirings({ olderThan: 0, limit: 1_000 });
    await this.markFirings(
      claimed.map(({ firing }) => firing),
      { state: 'unknown' },
    );
    return super.pruneFirings(options);
  }
}

class PrunesByAgeAlone extends InMemorySchedulerBackend {
  override pruneFirings({ olderThan }: { olderThan: number }): Promise<number> {
    return super.pruneFirings({ olderThan, keep: Number.POSITIVE_INFINITY });
  }
}

class PrunesAMillisecondEarly extends InMemorySchedulerBackend {
  override pruneFirings({ olderThan, keep }: { olderThan: number; keep: number }): Promise<number> {
    return super.pruneFirings({ olderThan: olderThan - 1, keep });
  }
}

class SleepsThroughClaims extends InMemorySchedulerBackend {
  #claiming = false;

  override async claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    this.#claiming = true;
    const firings = await super.claimDue(decisions, options);
    await new Promise((resolve) => setImmediate(resolve));
    this.#claiming = false;
    return firings;
  }

  override async waitForChange(options: { signal: AbortSignal }): Promise<void> {
    do await super.waitForChange(options);
    while (this.#claiming);
  }
}

class ListensTooLate extends InMemorySchedulerBackend {
  override async waitForChange(options: { signal: AbortSignal }): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await super.waitForChange(options);
  }
}

class WakesForNothing extends InMemorySchedulerBackend {
  override async waitForChange(): Promise<void> {}
}

class RejectsWhenToldToStop extends InMemorySchedulerBackend {
  override async waitForChange(options: { signal: AbortSignal }): Promise<void> {
    await super.waitForChange(options);
    options.signal.throwIfAborted();
  }
}

class GoesOnAfterItsEnd extends InMemorySchedulerBackend {
  override async close(): Promise<void> {}
}

export const BROKEN_LEDGERS: BrokenSamples = [
  [ForgetsTheLedger, 'writes the firings, and gives back what it wrote'],
  [ForgetsTheLedgerWithTheSchedule, 'keeps the ledger of what is removed or cleared'],
  [ShowsOneIncarnation, 'lists the newest slot first, former incarnations included'],
  [ListsOldestSlotsFirst, 'lists the newest slot first, former incarnations included'],
  [OverwritesMarks, 'keeps the first mark of a firing'],
  [ForgetsReasons, 'notes what became of a firing, why, and when it was submitted'],
  [MarksOnly500AtOnce, 'marks 700 firings at once, and no other one'],
  [HandsOutEveryAge, 'hands out what was claimed at least so long ago (SC-02)'],
  [HandsOutWhatIsLeftOut, 'hands out no firing of a task that is left out'],
  [HandsOutByTheirSlots, 'hands out the oldest claims first, and no more than the limit'],
  [FiresForTheNextIncarnation, 'hands out firings of removed and of new schedules without one'],
  [PrunesWhatIsClaimed, 'removes no firing that is still claimed, however old'],
  [PrunesByAgeAlone, 'keeps the newest slots of each schedule'],
  [PrunesAMillisecondEarly, 'removes what was claimed longer ago than asked, to the millisecond'],
  [SleepsThroughClaims, 'hears of a slot that another process claims (SC-02)'],
  [ListensTooLate, 'hears of a change that comes right after the call'],
  [WakesForNothing, 'is not woken by reading, nor by marks'],
  [RejectsWhenToldToStop, 'ends a wait when its signal aborts, and no other one'],
  [GoesOnAfterItsEnd, 'ends the waits that are under way when it closes'],
  [GoesOnAfterItsEnd, 'says that it is closed when it is used afterwards'],
];
