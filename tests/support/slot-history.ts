import type { Firing } from '@flowrra/core';

/** A schedule, and what a test knows of it without asking the scheduler. Instants in epoch ms, on the database's clock. */
export interface WatchedSchedule {
  readonly id: string;
  /** The slots that are to be accounted for, ascending; by an oracle of the test's own. */
  readonly slots: readonly number[];
  /** When a disable or delete had been confirmed. */
  readonly endedAt?: number | undefined;
}

/** What somebody read of a row, in the order of reading. */
export interface NextRunReading {
  readonly scheduleId: string;
  readonly incarnation: string;
  readonly revision: number;
  readonly nextRun: Date | null;
}

/** Everything that is left of a run of several nodes, once nothing happens any more. */
export interface SlotHistory {
  readonly schedules: readonly WatchedSchedule[];
  /** The ledger of these schedules, without triggers by hand. */
  readonly firings: readonly Firing[];
  /** One entry for each time that a task began. */
  readonly runs: readonly { readonly id: string; readonly fence: number }[];
  readonly nextRuns?: readonly NextRunReading[];
  /** Most milliseconds from a slot to its claim. */
  readonly latest: number;
  /** Whether a fault explains that a task is delivered, and so begins, again. Default false. */
  readonly redelivered?: boolean;
}

/**
 * What is wrong with a history: the invariants SI-1 to SI-7, in one pass over each part of it.
 * @returns one line for each fault, with the invariant first; none when all is well
 */
export function faultsOf(history: SlotHistory): string[] {
  const byId = groupBy(history.firings, ({ scheduleId }) => scheduleId);
  const known = new Set(history.schedules.map(({ id }) => id));
  return [
    ...[...byId.keys()].filter((id) => !known.has(id)).map((id) => `SI-3 ${id}: fired, and is no schedule`),
    ...history.schedules.flatMap((schedule) => faultsOfSlots(schedule, byId.get(schedule.id) ?? [])),
    ...history.schedules.flatMap((schedule) => faultsOfTime(schedule, byId.get(schedule.id) ?? [], history.latest)),
    ...faultsOfNextRuns(history.nextRuns ?? []),
    ...faultsOfTasks(history),
  ];
}

/** SI-1, SI-2, SI-3: every slot is accounted for once, by itself or in a passed-over range, and nothing else is. */
function faultsOfSlots({ id, slots }: WatchedSchedule, firings: readonly Firing[]): string[] {
  const faults: string[] = [];
  const position = new Map(slots.map((slot, index) => [slot, index]));
  const timesServed = new Map<number, number>();
  const serve = (slot: number): void => void timesServed.set(slot, (timesServed.get(slot) ?? 0) + 1);
  for (const { slot, until, count } of firings) {
    const first = position.get(slot.getTime());
    const last = position.get((until ?? slot).getTime());
    if (first === undefined || last === undefined) {
      faults.push(`SI-3 ${id}: ${spanOf(slot, until)} is off the grid`);
      continue;
    }
    if (last - first + 1 !== count) faults.push(`SI-3 ${id}: ${spanOf(slot, until)} does not hold ${count} slots`);
    for (const covered of slots.slice(first, last + 1)) serve(covered);
  }
  for (const slot of slots) {
    const times = timesServed.get(slot) ?? 0;
    if (times === 0) faults.push(`SI-2 ${id}: ${spanOf(slot)} is missing`);
    if (times > 1) faults.push(`SI-1 ${id}: ${spanOf(slot)} was served ${times} times`);
  }
  return faults;
}

/** SI-4, SI-6, and of SI-5 what the ledger tells: claims in time, in order, and none after the end. */
function faultsOfTime({ id, endedAt }: WatchedSchedule, firings: readonly Firing[], latest: number): string[] {
  const faults: string[] = [];
  let before: Firing | undefined;
  for (const firing of firings.toSorted((a, b) => a.slot.getTime() - b.slot.getTime())) {
    const last = (firing.until ?? firing.slot).getTime();
    const late = firing.claimedAt.getTime() - last;
    if (late < 0) faults.push(`SI-4 ${id}: ${spanOf(last)} was claimed ${-late} ms early`);
    if (firing.kind === 'slot' && late > latest) faults.push(`SI-4 ${id}: ${spanOf(last)} was claimed ${late} ms late`);
    if (endedAt !== undefined && firing.claimedAt.getTime() > endedAt)
      faults.push(
        `SI-6 ${id}: ${spanOf(firing.slot)} was claimed ${firing.claimedAt.getTime() - endedAt} ms after the end`,
      );
    if (before && before.claimedAt > firing.claimedAt)
      faults.push(`SI-5 ${id}: ${spanOf(firing.slot)} was claimed before ${spanOf(before.slot)}, which is earlier`);
    before = firing;
  }
  return faults;
}

/** SI-5: without an edit, a next run only moves forward, and what is over stays so. */
function faultsOfNextRuns(readings: readonly NextRunReading[]): string[] {
  const faults: string[] = [];
  const newest = new Map<string, number>();
  for (const { scheduleId, incarnation, revision, nextRun } of readings) {
    const row = `${scheduleId} ${incarnation} ${revision}`;
    const value = nextRun?.getTime() ?? Number.POSITIVE_INFINITY;
    if (value < (newest.get(row) ?? 0)) faults.push(`SI-5 ${scheduleId}: the next run went back to ${spanOf(value)}`);
    newest.set(row, value);
  }
  return faults;
}

/** SI-7: a slot that was enqueued is one task; and at the end nobody is left in doubt whether it was. */
function faultsOfTasks({ firings, runs, redelivered = false }: SlotHistory): string[] {
  const faults: string[] = [];
  const runsById = groupBy(runs, ({ id }) => id);
  const submitted = new Set<string>();
  for (const { id, state, scheduleId, slot } of firings) {
    if (state === 'claimed' || state === 'unknown') faults.push(`SI-2 ${scheduleId}: ${spanOf(slot)} stayed ${state}`);
    if (state !== 'submitted') continue;
    if (submitted.has(id)) faults.push(`SI-7 ${scheduleId}: ${spanOf(slot)} shares the task ${id}`);
    submitted.add(id);
    const fences = runsById.get(id)?.map(({ fence }) => fence) ?? [];
    if (fences.length === 0) faults.push(`SI-7 ${scheduleId}: the task of ${spanOf(slot)} never ran`);
    // The same delivery twice is two messages, whatever happened to workers.
    if (new Set(fences).size < fences.length || (fences.length > 1 && !redelivered))
      faults.push(`SI-7 ${scheduleId}: the task of ${spanOf(slot)} ran ${fences.length} times`);
  }
  for (const id of runsById.keys()) if (!submitted.has(id)) faults.push(`SI-7 ${id}: ran, and is no slot's task`);
  return faults;
}

function spanOf(from: Date | number, until: Date | null = null): string {
  const text = (instant: Date | number): string =>
    Number.isFinite(Number(instant)) ? new Date(instant).toISOString() : 'never';
  return until ? `${text(from)}–${text(until)}` : text(from);
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** Milliseconds from slot to claim and from slot to the confirmed push. */
export function latenessOf(firings: readonly Firing[]): { claimed: string; submitted: string } {
  const runs = firings.filter(({ state }) => state === 'submitted');
  return {
    claimed: percentiles(runs.map(({ claimedAt, slot }) => claimedAt.getTime() - slot.getTime())),
    submitted: percentiles(runs.map(({ submittedAt, slot }) => Number(submittedAt?.getTime()) - slot.getTime())),
  };
}

function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number | undefined => sorted[Math.ceil(sorted.length * share) - 1];
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}

/** The slots of an interval from its first one on, by arithmetic. */
export function intervalSlots(first: Date, every: number, last: Date): number[] {
  const count = Math.max(0, Math.floor((last.getTime() - first.getTime()) / every) + 1);
  return Array.from({ length: count }, (_, k) => first.getTime() + k * every);
}
