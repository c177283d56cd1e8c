import type { Firing, FiringMark, ScheduledTask, SlotDecision } from '@flowrra/core';

/** A store of schedules and their ledger as simple as it can be: two maps, and time that is moved by hand. */
export class ClaimModel {
  readonly schedules = new Map<string, ScheduledTask>();
  readonly firings = new Map<string, Firing>();

  constructor(readonly now: () => Date) {}

  create(task: ScheduledTask): boolean {
    if (this.schedules.has(task.id)) return false;
    this.schedules.set(task.id, { ...task, revision: 1 });
    return true;
  }

  update(task: ScheduledTask): boolean {
    const row = this.schedules.get(task.id);
    if (row) this.schedules.set(task.id, { ...task, revision: row.revision + 1 });
    return row !== undefined;
  }

  delete(id: string): boolean {
    return this.schedules.delete(id);
  }

  updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): boolean {
    const row = this.schedules.get(id);
    if (row) this.schedules.set(id, { ...row, lastRun, nextRun });
    return row !== undefined;
  }

  /** The row is still the one that was read. */
  isCurrent({ scheduleId, incarnation, revision, dueAt }: SlotDecision): boolean {
    const row = this.schedules.get(scheduleId);
    return row?.incarnation === incarnation && row.revision === revision && sameInstant(row.nextRun, dueAt);
  }

  /** @returns the firings that are new in the ledger; null when the row changed since it was read */
  claim(decision: SlotDecision, node: string): Firing[] | null {
    const row = this.schedules.get(decision.scheduleId);
    if (!row || !this.isCurrent(decision)) return null;
    const written: Firing[] = [];
    for (const firing of decision.firings) {
      if (this.firings.has(firing.id)) continue;
      const origin = {
        scheduleId: row.id,
        incarnation: row.incarnation,
        node,
        claimedAt: this.now(),
        submittedAt: null,
      };
      this.firings.set(firing.id, { ...firing, ...origin });
      written.push({ ...firing, ...origin });
    }
    const runs = written.filter(({ kind, state }) => kind === 'slot' && state === 'claimed');
    const newest = runs.toSorted((a, b) => a.slot.getTime() - b.slot.getTime()).at(-1);
    this.schedules.set(row.id, {
      ...row,
      nextRun: decision.nextRun,
      error: decision.error,
      lastRun: newest?.slot ?? row.lastRun,
      lastTaskId: newest?.id ?? row.lastTaskId,
      runCount: row.runCount + runs.length,
    });
    return written;
  }

  mark(ids: readonly string[], { state, reason = null }: FiringMark): void {
    for (const id of ids) {
      const firing = this.firings.get(id);
      if (firing?.state !== 'claimed') continue;
      this.firings.set(id, { ...firing, state, reason, submittedAt: state === 'submitted' ? this.now() : null });
    }
  }

  all(): ScheduledTask[] {
    return [...this.schedules.values()].sort(byId);
  }

  due(): ScheduledTask[] {
    const now = this.now();
    const due = this.all().filter(({ enabled, nextRun }) => enabled && nextRun !== null && nextRun <= now);
    return due.sort((a, b) => Number(a.nextRun) - Number(b.nextRun) || byId(a, b));
  }

  unsubmitted(olderThan: number): { firing: Firing; schedule: ScheduledTask | null }[] {
    const latest = this.now().getTime() - olderThan;
    const claimed = [...this.firings.values()].filter(
      (one) => one.state === 'claimed' && Number(one.claimedAt) <= latest,
    );
    const order = (a: Firing, b: Firing) =>
      Number(a.claimedAt) - Number(b.claimedAt) || Number(a.slot) - Number(b.slot) || byId(a, b);
    return claimed.sort(order).map((firing) => {
      const schedule = this.schedules.get(firing.scheduleId);
      return { firing, schedule: schedule?.incarnation === firing.incarnation ? schedule : null };
    });
  }

  ledgerOf(scheduleId: string): Firing[] {
    const own = [...this.firings.values()].filter((firing) => firing.scheduleId === scheduleId);
    return own.sort((a, b) => Number(b.slot) - Number(a.slot) || byId(b, a));
  }
}

function sameInstant(a: Date | null, b: Date | null): boolean {
  return (a?.getTime() ?? null) === (b?.getTime() ?? null);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : Number(a.id !== b.id);
}
