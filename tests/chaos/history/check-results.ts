import type { Seen } from './entries.js';
import type { Judgement } from './judgement.js';
import { isEnd, type Sight, type TaskHistory } from './task-history.js';

/** What is wrong with what was seen of one task: RI-1 to RI-5. */
export function faultsOfResults(task: TaskHistory, judgement: Judgement): string[] {
  const seen = task.sights.filter(({ end }) => end === 'ok').sort((a, b) => a.to - b.to);
  return [
    ...changedEnds(task),
    ...staleReads(task, seen, judgement),
    ...backwardSteps(seen),
    ...foreignValues(task),
    ...lateWaits(task, judgement),
  ].map((fault) => `${fault} [${task.id}]`);
}

/** RI-1: who saw a task end saw the same end as everybody else. */
function changedEnds({ ends }: TaskHistory): string[] {
  const different = new Set(ends.map(({ seen }) => JSON.stringify(seen)));
  return different.size > 1 ? [`RI-1 a final result changed: ${[...different].join(' and ')}`] : [];
}

/** RI-2: a read sees what was confirmed before it began. */
function staleReads(task: TaskHistory, sights: readonly Sight[], { split, ttl, disturbances }: Judgement): string[] {
  const faults: string[] = [];
  const { accepted, endedAt, mayHaveEndedAt } = task;
  const isForgotten = (since: number, by: number): boolean => ttl !== null && by > since + ttl;
  for (const { from, to, seen, actor } of sights) {
    if (endedAt < from && !isEnd(seen) && !isForgotten(endedAt, to))
      faults.push(`RI-2 ${actor} read ${seen?.status ?? 'nothing'} after the end had been confirmed`);
    // With two stores the PENDING record is written after the message: it may be missing where something went wrong.
    const mayBeMissing =
      isForgotten(mayHaveEndedAt, to) ||
      (split && task.submits.some((one) => disturbances.touch([one.actor], one.from, one.to)));
    if (seen === null && accepted && accepted.to < from && endedAt >= from && !mayBeMissing)
      faults.push(`RI-2 ${actor} read nothing after the submit had been confirmed`);
  }
  return faults;
}

const ORDER: readonly Seen['status'][] = ['pending', 'running', 'retrying', 'success', 'failed', 'cancelled'];

/** RI-3: from one read to a later one, fence and attempt never go down, nor within a delivery the status. */
function backwardSteps(sights: readonly Sight[]): string[] {
  const faults: string[] = [];
  let newest: { sight: Sight; seen: Seen } | null = null;
  const later: { sight: Sight; seen: Seen }[] = [];
  // Of the reads that had ended before one began, the furthest; reads come in the order of their ends.
  for (const sight of [...sights].sort((a, b) => a.from - b.from)) {
    while (later[0] && later[0].sight.to < sight.from) {
      const done = later.shift() as { sight: Sight; seen: Seen };
      if (!newest || compare(done.seen, newest.seen) > 0) newest = done;
    }
    const { seen } = sight;
    if (seen && newest && compare(seen, newest.seen) < 0)
      faults.push(`RI-3 ${sight.actor} read ${show(seen)} after ${newest.sight.actor} had read ${show(newest.seen)}`);
    if (seen) {
      later.push({ sight, seen });
      later.sort((a, b) => a.sight.to - b.sight.to);
    }
  }
  return faults;
}

function compare(a: Seen, b: Seen): number {
  if (isEnd(a) !== isEnd(b)) return isEnd(a) ? 1 : -1;
  return (
    a.fence - b.fence ||
    a.attempt - b.attempt ||
    Math.min(ORDER.indexOf(a.status), 3) - Math.min(ORDER.indexOf(b.status), 3)
  );
}

const show = ({ status, fence, attempt }: Seen): string => `${status} (fence ${fence}, attempt ${attempt})`;

/** RI-4: what is stored is what the run with that fence returned or threw. */
function foreignValues(task: TaskHistory): string[] {
  const [end] = task.ends;
  if (!end) return [];
  const { status, fence, value, code } = end.seen;
  if (value === null) {
    if (status === 'success') return ['RI-4 it succeeded with no value'];
    if (status === 'cancelled' && task.cancels.length === 0) return ['RI-4 it was cancelled, and nobody asked for it'];
    if (status === 'failed' && code !== 'WORKER_LOST') return [`RI-4 it failed as ${code}, which no handler made`];
    return [];
  }
  const made = task.runs.some((run) => run.nonce === value.nonce && run.fence === fence);
  return made && value.id === task.id
    ? []
    : [`RI-4 the value of fence ${fence} was not made by that run: ${JSON.stringify(value)}`];
}

/** RI-5: a wait ends soon after the task does. */
function lateWaits(task: TaskHistory, { disturbances, patience, refusals }: Judgement): string[] {
  const faults: string[] = [];
  for (const { waited, actor, from, to, end, code } of task.sights) {
    if (!waited) continue;
    if (end === 'fail' && !refusals.has(code ?? '')) faults.push(`RI-5 a wait of ${actor} ended with ${code}`);
    const due = disturbances.deadline(actor, Math.max(from, task.endedAt), patience);
    if (end === 'ok' && to > due) faults.push(`RI-5 a wait of ${actor} ended ${Math.round(to - due)} ms too late`);
    if (end === 'info' && Number.isFinite(due)) faults.push(`RI-5 a wait of ${actor} never ended`);
  }
  return faults;
}
