import type { Judgement } from './judgement.js';
import type { Delivery, Run, TaskHistory } from './task-history.js';

/** The clock of people's programs and that of the machine do not agree to the last millisecond. */
const CLOCK_ERROR = 5;

/** What is wrong with how one task was carried: BI-1 to BI-7 and BI-9. */
export function faultsOfMessage(task: TaskHistory, judgement: Judgement): string[] {
  return [
    ...lost(task, judgement),
    ...unexpected(task),
    ...unexplainedRuns(task, judgement),
    ...lateEffects(task),
    ...severalEnds(task),
    ...tooManyRuns(task, judgement),
    ...early(task, judgement),
  ].map((fault) => `${fault} [${task.id}]`);
}

/** BI-1, BI-9: what was acknowledged ended. */
function lost(task: TaskHistory, { ttl }: Judgement): string[] {
  if (!task.accepted || Number.isFinite(task.endedAt)) return [];
  const last = task.sights.at(-1)?.seen;
  // Nobody lived to tell of its end, and then its result was forgotten.
  if (!last && ttl !== null && Number.isFinite(task.mayHaveEndedAt)) return [];
  return [last ? `BI-9 acknowledged, and stuck as ${last.status}` : 'BI-1 acknowledged, and lost'];
}

/** BI-2: nothing runs that was never submitted, or was certainly refused. */
function unexpected({ submits, runs }: TaskHistory): string[] {
  const certainlyNot = submits.every(({ end }) => end === 'fail');
  return runs.length > 0 && certainlyNot
    ? [`BI-2 ran, though ${submits.length ? 'every submit was refused' : 'nobody submitted it'}`]
    : [];
}

/** BI-3: a run is repeated only after a failure, a hand-back, or something that went wrong for the one before. */
function unexplainedRuns({ runs, settlements, deliveries }: TaskHistory, { disturbances }: Judgement): string[] {
  const faults: string[] = [];
  const inOrder = [...runs].sort((a, b) => a.fence - b.fence);
  for (const [i, run] of inOrder.entries()) {
    const before = inOrder[i - 1];
    if (!before) continue;
    if (before.fence === run.fence) faults.push(`BI-3 two runs had the fence ${run.fence}`);
    const givenBack = settlements.some(
      ({ what, fence, end, accepted }) => what !== 'finish' && fence === before.fence && (accepted || end === 'info'),
    );
    // Its lease began with the claim, of which a holder that stood still may hear when all is over.
    const heldFrom = deliveries.find(({ fence }) => fence === before.fence)?.from ?? before.from;
    if (!givenBack && !disturbances.touch([before.actor], heldFrom, run.from))
      faults.push(`BI-3 ran again under fence ${run.fence}: nothing explains it`);
  }
  return faults;
}

/** BI-4: a delivery that was overtaken decides nothing any more. */
function lateEffects({ settlements, deliveries }: TaskHistory): string[] {
  return settlements
    .filter(({ accepted }) => accepted)
    .filter(({ what, fence }) => {
      // An earlier try that nobody heard of may have decided, and was confirmed later.
      const tries = settlements.filter((one) => one.what === what && one.fence === fence);
      const decidedFrom = tries.find(({ accepted, end }) => accepted || end === 'info')?.from ?? 0;
      return deliveries.some((other) => other.fence > fence && other.to < decidedFrom);
    })
    .map(({ what, fence }) => `BI-4 a ${what} of fence ${fence} was accepted after a later delivery`);
}

/** BI-5: one end is accepted, and it is the one that is seen. */
function severalEnds({ settlements, ends }: TaskHistory): string[] {
  const accepted = settlements.filter(({ what, accepted }) => what === 'finish' && accepted);
  if (accepted.length > 1)
    return [`BI-5 ${accepted.length} ends were accepted: fences ${accepted.map(({ fence }) => fence).join(', ')}`];
  const [winner] = accepted;
  const seen = ends[0]?.seen;
  if (winner && seen && seen.fence !== winner.fence)
    return [`BI-5 the end of fence ${winner.fence} was accepted, that of fence ${seen.fence} is seen`];
  return [];
}

/** BI-6: crashes and attempts stay within their limits, and nobody is given up before. */
function tooManyRuns(
  { runs, deliveries, settlements, ends, kind = 'work' }: TaskHistory,
  { maxCrashes, attempts }: Judgement,
): string[] {
  const faults: string[] = [];
  // A run that never came to its end died with its worker.
  const deaths = runs.filter(({ to }) => to === Number.POSITIVE_INFINITY).length;
  const handedOutAfter = Math.max(
    0,
    ...deliveries.filter(({ verdict }) => verdict === 'run').map(({ crashes }) => crashes),
  );
  if (deaths > maxCrashes || handedOutAfter >= maxCrashes)
    faults.push(`BI-6 was handed out after ${Math.max(deaths - 1, handedOutAfter)} crashes`);
  const failures = settlements.filter(({ what, accepted }) => what === 'retry' && accepted).length;
  const most = Math.max(failures + 1, ...runs.map(({ attempt }) => attempt));
  if (most > (attempts[kind] ?? 1)) faults.push(`BI-6 came to attempt ${most}`);
  const givenUp = ends.some(({ seen }) => seen.code === 'WORKER_LOST');
  const exhausted = deliveries.find(({ verdict }) => verdict === 'exhausted');
  if (givenUp && exhausted && exhausted.crashes < maxCrashes)
    faults.push(`BI-6 was given up after ${exhausted.crashes} crashes`);
  return faults;
}

/** BI-7: nothing starts before its time. */
function early({ runs, submits, settlements }: TaskHistory, { retryDelay }: Judgement): string[] {
  const faults: string[] = [];
  const [submit] = submits;
  const first = runs.reduce<Run | undefined>(
    (least, run) => (least && least.wall <= run.wall ? least : run),
    undefined,
  );
  if (first && submit && submits.length === 1 && first.wall < submit.wall + submit.delay - CLOCK_ERROR)
    faults.push(`BI-7 started ${Math.round(submit.wall + submit.delay - first.wall)} ms early`);
  for (const { what, fence, accepted, from } of settlements) {
    if (what !== 'retry' || !accepted) continue;
    const next = runs.find((run) => run.fence > fence);
    if (next && next.from < from + retryDelay - CLOCK_ERROR)
      faults.push(`BI-7 was retried ${Math.round(from + retryDelay - next.from)} ms early`);
  }
  return faults;
}

/**
 * BI-7: what certainly came first into a lane is not certainly handed out last. Looks at first deliveries of plain
 * messages that nothing disturbed, one priority at a time; a cancelled one goes to the front, and one whose claim was
 * not heard back to its place.
 */
export function faultsOfOrder(tasks: Iterable<TaskHistory>, { disturbances }: Judgement): string[] {
  const byPriority = new Map<number, Queued[]>();
  for (const { id, submits, deliveries, cancels } of tasks) {
    const [submit] = submits;
    const [delivery] = deliveries;
    if (
      cancels.length > 0 ||
      !submit ||
      !delivery ||
      submits.length > 1 ||
      submit.end !== 'ok' ||
      submit.delay > 0 ||
      delivery.fence > 1
    )
      continue;
    const calm = !disturbances.touch([submit.actor, delivery.actor], submit.from, delivery.to);
    const queue = byPriority.get(submit.priority) ?? [];
    byPriority.set(submit.priority, queue);
    queue.push({ id, from: submit.from, to: submit.to, delivery, calm });
  }
  return [...byPriority.values()].flatMap(overtaken);
}

interface Queued {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly delivery: Delivery;
  readonly calm: boolean;
}

function overtaken(queue: readonly Queued[]): string[] {
  const faults: string[] = [];
  const calm = queue.filter((one) => one.calm);
  const arrived = [...calm].sort((a, b) => a.to - b.to);
  let next = 0;
  /** Of those that had arrived before, the one that was claimed last. */
  let latest: Queued | undefined;
  for (const one of [...calm].sort((a, b) => a.from - b.from)) {
    for (; (arrived[next]?.to ?? Number.POSITIVE_INFINITY) < one.from; next++) {
      const before = arrived[next] as Queued;
      if (!latest || before.delivery.from > latest.delivery.from) latest = before;
    }
    if (latest && latest.delivery.from > one.delivery.to)
      faults.push(`BI-7 was handed out before ${latest.id}, which came first [${one.id}]`);
  }
  return faults;
}
