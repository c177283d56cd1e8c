import type { BaseSchedulerBackend, Explanation, Firing, ScheduledTask } from '@flowrra/core';
import { type ScheduleTimes, scheduleTimes } from './schedule-times.js';
import { runsLeft } from './upcoming-slots.js';

/** Firings read at once. */
const PAGE = 500;
/** Ten years, in milliseconds: some of the time in which slots are counted before others come to their turn. */
const COUNTED_AT_ONCE = 10 * 366 * 86_400_000;

/** Why a schedule did or did not run at that instant: from the ledger, or else from its times. */
export async function explainSlot(backend: BaseSchedulerBackend, id: string, instant: Date): Promise<Explanation> {
  // The ledger last: what is claimed meanwhile is found there.
  const schedule = await backend.get(id);
  const firing = await findFiring(backend, { id, schedule, instant });
  if (firing) return { outcome: outcomeOf(firing), text: tell(firing, instant), firing };
  if (!schedule)
    return { outcome: 'not-found', text: `There is no schedule "${id}", and the ledger has no slot of one.`, firing };
  const { now } = await backend.dueTimes();
  return { ...(await explainSilence(schedule, instant, now)), firing: null };
}

// ── What the ledger says ─────────────────────────────────────────────────────────────────────────────────────────

interface Search {
  readonly id: string;
  readonly schedule: ScheduledTask | null;
  readonly instant: Date;
}

/** The firing that says most of the instant. A ledger that grows meanwhile repeats firings in the next page, and loses none. */
async function findFiring(backend: BaseSchedulerBackend, search: Search): Promise<Firing | null> {
  let best: Firing | null = null;
  for (let offset = 0; ; offset += PAGE) {
    const page = await backend.listFirings(search.id, { limit: PAGE, offset });
    for (const firing of page) if (weight(firing, search) > (best ? weight(best, search) : 0)) best = firing;
    if (page.length < PAGE || best?.kind === 'slot') return best;
  }
}

/** How much a kind of firing says of an instant. */
const WEIGHT = { manual: 1, 'passed-over': 3, slot: 5 } as const;

/** 0: the firing is about another instant. Between equals the one of the schedule's present incarnation counts. */
function weight(firing: Firing, { schedule, instant }: Search): number {
  const isCurrent = firing.incarnation === schedule?.incarnation;
  return isAbout(firing, instant, isCurrent ? schedule : null) ? WEIGHT[firing.kind] + (isCurrent ? 1 : 0) : 0;
}

/** Of a range, only the slots: where that can still be told. */
function isAbout({ slot, until }: Firing, instant: Date, schedule: ScheduledTask | null): boolean {
  const time = instant.getTime();
  if (slot.getTime() === time || until?.getTime() === time) return true;
  return until !== null && slot < instant && instant < until && (!schedule || isSlot(schedule, time));
}

function outcomeOf({ kind, state }: Firing): Explanation['outcome'] {
  return kind === 'passed-over' ? 'passed-over' : state;
}

function tell(firing: Firing, instant: Date): string {
  const what = firing.kind === 'manual' ? 'The trigger by hand' : 'The slot';
  const start = `${what} of ${instant.toISOString()}`;
  // Reasons are sentences.
  const why = firing.reason === null ? '' : `: ${firing.reason.replace(/\.$/, '')}`;
  if (firing.kind === 'passed-over') {
    const { slot, until, count } = firing;
    const range =
      until === null || count === 1 ? '' : `, one of ${count} from ${slot.toISOString()} to ${until.toISOString()},`;
    return `${start}${range} was passed over by ${claim(firing)}${why}.`;
  }
  switch (firing.state) {
    case 'submitted':
      return `${start} was enqueued as task "${firing.id}"${at(firing.submittedAt)}, claimed by ${claim(firing)}.`;
    case 'claimed':
      return `${start} was claimed by ${claim(firing)}; its task is not known to be enqueued yet, and will be pushed again.`;
    case 'skipped':
      return `${start} was skipped by ${claim(firing)}${why}.`;
    case 'unknown':
      return `${start} was claimed by ${claim(firing)}; whether its task was enqueued is unknown${why}.`;
  }
}

function claim({ node, claimedAt }: Firing): string {
  return `node "${node}"${at(claimedAt)}`;
}

function at(instant: Date | null): string {
  return instant ? ` at ${instant.toISOString()}` : '';
}

// ── What the ledger does not say ─────────────────────────────────────────────────────────────────────────────────

type Silence = Pick<Explanation, 'outcome' | 'text'>;

async function explainSilence(schedule: ScheduledTask, instant: Date, now: Date): Promise<Silence> {
  const times = readTimes(schedule);
  if (times instanceof Error)
    return { outcome: 'not-a-slot', text: `The schedule has no slots, because it cannot be read: ${times.message}` };
  const { nextRun } = schedule;
  // The next run is a slot also where somebody put it beside the others.
  const isSlot = times.next(instant.getTime() - 1) === instant.getTime() || nextRun?.getTime() === instant.getTime();
  if (!isSlot) return notASlot(times, instant);
  if (nextRun === null || nextRun > instant) return notRecorded(schedule, instant, now);
  // A run is left for the next run itself, and one for each slot after it.
  if (await hasMoreThan(runsLeft(schedule) - 1, times, nextRun.getTime() + 1, instant.getTime()))
    return notRecorded({ ...schedule, runCount: schedule.maxRuns ?? 0 }, instant, now);
  const start = `The slot of ${instant.toISOString()}`;
  if (instant > now) return { outcome: 'upcoming', text: `${start} is still to come.` };
  return {
    outcome: 'due',
    text: schedule.error
      ? `${start} is due, but cannot fire: ${schedule.error}`
      : `${start} is due and not claimed yet. If it stays so: does a scheduler run that knows task "${schedule.taskName}", and does the broker take tasks?`,
  };
}

/** Whether there are more slots than that. In steps: counting up to a far year takes seconds, which are for others too. */
async function hasMoreThan(most: number, times: ScheduleTimes, from: number, to: number): Promise<boolean> {
  if (most === Number.POSITIVE_INFINITY) return false;
  let found = 0;
  for (let start = from; start <= to && found <= most; start += COUNTED_AT_ONCE) {
    found += times.count(start, Math.min(to, start + COUNTED_AT_ONCE - 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found > most;
}

function readTimes(schedule: ScheduledTask): ScheduleTimes | Error {
  try {
    return scheduleTimes(schedule);
  } catch (err) {
    if (err instanceof Error) return err;
    throw err;
  }
}

function isSlot(schedule: ScheduledTask, time: number): boolean {
  const times = readTimes(schedule);
  return !(times instanceof Error) && times.next(time - 1) === time;
}

function notASlot(times: ScheduleTimes, instant: Date): Silence {
  const before = times.previous(instant.getTime());
  const after = times.next(instant.getTime());
  const neighbours = [
    before === null ? 'there is none before' : `the one before is ${new Date(before).toISOString()}`,
    after === null ? 'there is none after' : `the next one is ${new Date(after).toISOString()}`,
  ];
  return { outcome: 'not-a-slot', text: `${instant.toISOString()} is not a slot: ${neighbours.join(', ')}.` };
}

function notRecorded(schedule: ScheduledTask, instant: Date, now: Date): Silence {
  const start = `The ledger has nothing of the slot of ${instant.toISOString()}`;
  return {
    outcome: 'not-recorded',
    text: `${start}: ${instant > now ? whyNever(schedule) : whyGone(schedule, instant)}.`,
  };
}

function whyNever({ enabled, error, maxRuns, runCount, nextRun }: ScheduledTask): string {
  if (!enabled) return 'the schedule is disabled, and will not run then unless it is enabled';
  if (error) return `the schedule cannot fire (${error})`;
  if (maxRuns !== null && runCount >= maxRuns) return `the schedule may run ${maxRuns} times, and will have done so`;
  if (nextRun !== null) return `the next run was set to ${nextRun.toISOString()}, which is after it`;
  return 'the schedule has no run left';
}

function whyGone({ createdAt, enabled }: ScheduledTask, instant: Date): string {
  if (instant < createdAt) return `the schedule was created later, at ${createdAt.toISOString()}`;
  const disabled = enabled
    ? 'the schedule was disabled then or registered with other times'
    : 'the schedule is disabled';
  return `${disabled}, or the entry was too old to keep`;
}
