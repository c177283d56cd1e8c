import type { ExceptTasks, Firing, ScheduledTask, SlotDecision, UnsubmittedFiring } from '@flowrra/core';
import { InMemorySchedulerBackend } from '@flowrra/scheduler';

/** Claims by what a schedule is, not by what was read of it. */
class TakesStaleDecisions extends InMemorySchedulerBackend {
  override async claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    const current = decisions.map(async (decision) => {
      const row = await this.get(decision.scheduleId);
      return row ? { ...decision, incarnation: row.incarnation, revision: row.revision, dueAt: row.nextRun } : decision;
    });
    return super.claimDue(await Promise.all(current), options);
  }
}

/** Tells both of two claimers at once that they have won. */
class LetsBothWin extends InMemorySchedulerBackend {
  #won: Promise<Firing[]> | null = null;

  override claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    this.#won ??= super.claimDue(decisions, options).finally(() => (this.#won = null));
    return this.#won;
  }
}

class ForgetsWhatIsSkipped extends InMemorySchedulerBackend {
  override claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    const heard = decisions.map((one) => ({ ...one, firings: one.firings.filter(({ state }) => state === 'claimed') }));
    return super.claimDue(heard, options);
  }
}

class CountsTriggersByHand extends InMemorySchedulerBackend {
  override claimDue(decisions: readonly SlotDecision[], options: { node: string }): Promise<Firing[]> {
    const slots = (one: SlotDecision) => one.firings.map((firing) => ({ ...firing, kind: 'slot' as const }));
    return super.claimDue(
      decisions.map((one) => ({ ...one, firings: slots(one) })),
      options,
    );
  }
}

class ShowsClaimsTooEarly extends InMemorySchedulerBackend {
  override unsubmittedFirings(
    options: ExceptTasks & { olderThan: number; limit: number },
  ): Promise<UnsubmittedFiring[]> {
    return super.unsubmittedFirings({ ...options, olderThan: 0 });
  }
}

/** A node that read the schedule before cannot see that it was changed. */
class KeepsTheRevision extends InMemorySchedulerBackend {
  override async update(task: ScheduledTask): Promise<void> {
    const row = await this.get(task.id);
    await super.update(task);
    if (row) await super.applyChanges([{ before: { ...task, revision: row.revision + 1 }, after: null }]);
    if (row) await super.create({ ...task });
  }
}

/** Mistakes that the model of claims must find. */
export const BROKEN_CLAIMS = [
  TakesStaleDecisions,
  LetsBothWin,
  ForgetsWhatIsSkipped,
  CountsTriggersByHand,
  ShowsClaimsTooEarly,
  KeepsTheRevision,
] as const;
