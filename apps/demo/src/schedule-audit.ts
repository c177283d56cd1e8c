import type { Firing, ScheduledTask } from '@flowrra/core';
import type { LoggedRun } from './run-folder.js';

/** What became of the slots of one schedule. */
export interface ScheduleAudit {
  readonly id: string;
  /** Slots that the clock had, by arithmetic alone. */
  readonly slots: number;
  /** Slots whose task was enqueued, as the ledger says. */
  readonly enqueued: number;
  /** Slots that were not to run: the run before was not over, or nobody served them in time. */
  readonly skipped: number;
  /** Tasks that ran, as they logged themselves. */
  readonly ran: number;
  /** Slots that are in the ledger twice, tasks that were run twice or that no slot is known for. */
  readonly doubled: number;
  /** How many slots each node claimed. */
  readonly claims: ReadonlyMap<string, number>;
}

/** When the slots of a schedule lie: at `origin`, and every so many milliseconds. */
export interface Grid {
  readonly origin: number;
  readonly every: number;
}

/** Holds the ledger of a schedule that has ended against the clock, and against what its tasks logged. */
export function audit(
  { id, createdAt, endAt }: ScheduledTask,
  grid: Grid,
  ledger: readonly Firing[],
  log: readonly LoggedRun[],
): ScheduleAudit {
  const enqueued = ledger.filter(({ state }) => state === 'submitted');
  const ids = new Set(enqueued.map((firing) => firing.id));
  const runs = log.filter(({ taskName }) => taskName === id);
  const ran = new Set(runs.map(({ taskId }) => taskId));
  const claims = new Map<string, number>();
  for (const { node } of enqueued) claims.set(node, (claims.get(node) ?? 0) + 1);
  // A slot may have been claimed just before the end was set.
  const last = Math.max(endAt?.getTime() ?? 0, ...ledger.map(({ slot, until }) => (until ?? slot).getTime()));
  return {
    id,
    slots: slotsUntil(last, grid) - slotsUntil(createdAt.getTime(), grid),
    enqueued: enqueued.length,
    skipped: ledger.filter(({ state }) => state === 'skipped').reduce((sum, { count }) => sum + count, 0),
    ran: [...ran].filter((taskId) => ids.has(taskId)).length,
    doubled:
      repetitions(ledger.map(({ slot }) => slot.getTime())) +
      // The task of a lost worker is delivered again, with another fence, and that is as it should be.
      repetitions(runs.map(({ taskId, fence }) => `${taskId} ${fence}`)) +
      [...ran].filter((taskId) => !ids.has(taskId)).length,
    claims,
  };
}

/** Every slot was enqueued or skipped, and every enqueued one ran as one task. */
export function isAsPromised({ slots, enqueued, skipped, ran, doubled }: ScheduleAudit): boolean {
  return slots === enqueued + skipped && ran === enqueued && doubled === 0;
}

export function auditTable(audits: readonly ScheduleAudit[]): string {
  const row = (name: string, cells: readonly (string | number)[]) =>
    name.padEnd(14) + cells.map((cell) => String(cell).padStart(11)).join('');
  const rows = audits.map(({ id, slots, enqueued, skipped, ran, doubled, claims }) => {
    const nodes = [...claims].sort().map(([node, count]) => `${node} ${count}`);
    return `${row(id, [slots, enqueued, skipped, ran, doubled])}  ${nodes.join(', ')}`;
  });
  const verdict = audits.every(isAsPromised)
    ? 'Every slot was enqueued once, whichever scheduler came first: none twice, none lost.'
    : 'This is not as promised: a slot was lost, or fired twice, or its task did not run.';
  return [`${row('schedule', ['slots', 'enqueued', 'skipped', 'ran', 'doubled'])}  claimed by`, ...rows, verdict].join(
    '\n',
  );
}

function slotsUntil(instant: number, { origin, every }: Grid): number {
  return Math.floor((instant - origin) / every);
}

function repetitions(values: readonly unknown[]): number {
  return values.length - new Set(values).size;
}
