import type { Firing, FiringMark, NewFiring, ScheduledTask } from '@flowrra/core';
import { copyDate } from '../stored-schedule.js';

type StoredFiring = { -readonly [Field in keyof Firing]: Firing[Field] };

/** Who claims firings of which schedule, and when (epoch milliseconds). */
export interface ClaimOrigin {
  readonly schedule: Pick<ScheduledTask, 'id' | 'incarnation'>;
  readonly node: string;
  readonly now: number;
}

/** The ledger of all schedules: each firing once, those that are still claimed at hand. */
export class FiringLedger {
  readonly #firings = new Map<string, StoredFiring>();
  readonly #bySchedule = new Map<string, Set<StoredFiring>>();
  readonly #claimed = new Set<StoredFiring>();

  /** @returns those that are new; a firing whose id is there already stays as it is */
  write(firings: readonly NewFiring[], { schedule, node, now }: ClaimOrigin): Firing[] {
    const { id: scheduleId, incarnation } = schedule;
    const origin = { scheduleId, incarnation, node, claimedAt: new Date(now), submittedAt: null };
    const written = firings.map((firing) => copyFiring({ ...firing, ...origin })).filter((firing) => this.#add(firing));
    return written.map(copyFiring);
  }

  #add(firing: StoredFiring): boolean {
    if (this.#firings.has(firing.id)) return false;
    this.#firings.set(firing.id, firing);
    const ofSchedule = this.#bySchedule.get(firing.scheduleId) ?? new Set();
    this.#bySchedule.set(firing.scheduleId, ofSchedule.add(firing));
    if (firing.state === 'claimed') this.#claimed.add(firing);
    return true;
  }

  /** Those that wait for a mark and match, the oldest claim first, at most `limit`. */
  claimed(matches: (firing: Firing) => boolean, limit: number): Firing[] {
    return [...this.#claimed].filter(matches).sort(byClaim).slice(0, limit).map(copyFiring);
  }

  /** When the oldest of the claimed firings that match was claimed. */
  oldestClaim(matches: (firing: Firing) => boolean): Date | null {
    let oldest = Number.POSITIVE_INFINITY;
    for (const firing of this.#claimed) {
      const claimedAt = firing.claimedAt.getTime();
      if (claimedAt < oldest && matches(firing)) oldest = claimedAt;
    }
    return Number.isFinite(oldest) ? new Date(oldest) : null;
  }

  mark(id: string, { state, reason = null }: FiringMark, now: number): void {
    const firing = this.#firings.get(id);
    if (!firing || !this.#claimed.delete(firing)) return;
    Object.assign(firing, { state, reason, submittedAt: state === 'submitted' ? new Date(now) : null });
  }

  /** Of one schedule, the newest slot first. */
  ofSchedule(scheduleId: string): Firing[] {
    return this.#newestFirst(scheduleId).map(copyFiring);
  }

  /** Removes what was claimed before the instant, and of what is left of each schedule all but the newest `keep`. */
  prune(before: number, keep: number): number {
    const size = this.#firings.size;
    for (const scheduleId of [...this.#bySchedule.keys()]) {
      this.#removeMarked(this.#newestFirst(scheduleId).filter(({ claimedAt }) => claimedAt.getTime() < before));
      this.#removeMarked(this.#newestFirst(scheduleId).slice(keep));
    }
    return size - this.#firings.size;
  }

  #removeMarked(firings: readonly StoredFiring[]): void {
    for (const firing of firings) if (firing.state !== 'claimed') this.#remove(firing);
  }

  #newestFirst(scheduleId: string): StoredFiring[] {
    return [...(this.#bySchedule.get(scheduleId) ?? [])].sort(bySlotDownwards);
  }

  #remove(firing: StoredFiring): void {
    this.#firings.delete(firing.id);
    const ofSchedule = this.#bySchedule.get(firing.scheduleId);
    ofSchedule?.delete(firing);
    if (ofSchedule?.size === 0) this.#bySchedule.delete(firing.scheduleId);
  }
}

function copyFiring(firing: Firing): StoredFiring {
  return {
    ...firing,
    slot: new Date(firing.slot),
    until: copyDate(firing.until),
    claimedAt: new Date(firing.claimedAt),
    submittedAt: copyDate(firing.submittedAt),
  };
}

function byClaim(a: Firing, b: Firing): number {
  return a.claimedAt.getTime() - b.claimedAt.getTime() || a.slot.getTime() - b.slot.getTime() || byId(a, b);
}

function bySlotDownwards(a: Firing, b: Firing): number {
  return b.slot.getTime() - a.slot.getTime() || byId(b, a);
}

function byId(a: Firing, b: Firing): number {
  return a.id < b.id ? -1 : 1;
}
