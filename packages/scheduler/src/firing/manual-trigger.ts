import {
  type BaseSchedulerBackend,
  type Firing,
  type Flowrra,
  IndeterminateSubmitError,
  type NewFiring,
  type ScheduledTask,
  ScheduleNotFoundError,
  type SlotDecision,
  StoreUnavailableError,
  sleep,
  systemClock,
  TaskNotFoundError,
} from '@flowrra/core';
import { checkUndamaged } from '../schedule-damaged-error.js';
import { firingId } from '../schedule-identity.js';
import type { BrokerGate } from './broker-gate.js';
import { decideNothing } from './decide-slots.js';
import { type ClaimedFiring, callOptions, refusalText, type SlotSubmitter } from './slot-submitter.js';
import type { FindTask } from './unknown-tasks.js';

/** Tries to find the row as it was read; each one reads it again. */
const TRIES = 50;
/** Looks for a firing whose claim failed, and milliseconds between them: a commit whose reply was lost may come after it. */
const LOOKS = 4;
const LOOK_AGAIN_AFTER = 200;

export interface TriggerParts {
  readonly app: Flowrra;
  readonly node: string;
  readonly gate: BrokerGate;
  readonly submitter: SlotSubmitter;
  readonly findTask: FindTask;
}

/**
 * Runs a schedule's task once, now: a firing of its own kind, which moves no slot.
 * @returns the task's id
 * @throws ScheduleNotFoundError, ScheduleDamagedError, TaskNotFoundError, and what `submit` of the task throws; then it was not enqueued, but for
 *   IndeterminateSubmitError: then it is or is going to be, once, if it is in the ledger, and unless that comes to say that
 *   nobody can tell
 */
export async function triggerByHand(
  parts: TriggerParts,
  backend: BaseSchedulerBackend,
  schedule: ScheduledTask,
): Promise<string> {
  const { app, submitter, gate, findTask } = parts;
  checkUndamaged(schedule);
  const contract = findTask(schedule.taskName);
  if (!contract) throw new TaskNotFoundError(schedule.taskName);
  await app.checkCall(contract, schedule.args, callOptions(schedule));
  const claimed = await claimByHand(parts, backend, schedule);
  return submitter.track([claimed], async () => {
    const { firing } = claimed;
    try {
      if (!(await submitter.isTimely(claimed))) throw new IndeterminateSubmitError([firing.id]);
      await submitter.push(claimed, contract);
    } catch (err) {
      gate.noteError(err);
      if (!isIndeterminate(err)) await mark(parts, backend, firing, { state: 'skipped', reason: refusalText(err) });
      throw err;
    }
    await mark(parts, backend, firing, { state: 'submitted' });
    return firing.id;
  });
}

/** Writes the firing. The row may change meanwhile, and two triggers may fall into the same millisecond. */
async function claimByHand(
  { app, node }: TriggerParts,
  backend: BaseSchedulerBackend,
  read: ScheduledTask,
): Promise<ClaimedFiring> {
  let schedule = read;
  let slot = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    slot = Math.max((await backend.dueTimes()).now.getTime(), slot + 1 + stepAside(tries));
    const decision = { ...decideNothing(schedule, schedule.error), firings: [manualFiring(schedule, new Date(slot))] };
    const askedAt = app.clock.now();
    const [firing] = await backend
      .claimDue([decision], { node })
      .catch((err: unknown) => claimedAfterAll(backend, decision, err));
    if (firing) return { firing, schedule, askedAt };
    const row = await backend.get(schedule.id);
    if (!row) throw new ScheduleNotFoundError(schedule.id);
    checkUndamaged(row);
    schedule = row;
  }
  throw new StoreUnavailableError(
    `Schedule "${read.id}" changed ${TRIES} times while it was being triggered. Nothing was enqueued; try again.`,
  );
}

/**
 * A claim that failed may have been written, as when the reply to its commit was lost; then the task is going to be pushed
 * whatever the caller is told.
 * @returns the firing, as the ledger has it
 * @throws the claim's error when it was not written; IndeterminateSubmitError when the ledger cannot be asked
 */
async function claimedAfterAll(
  backend: BaseSchedulerBackend,
  { scheduleId, firings }: SlotDecision,
  err: unknown,
): Promise<Firing[]> {
  const ids = firings.map(({ id }) => id);
  for (let looks = 1; ; looks++) {
    const ledger = await backend.listFirings(scheduleId).catch(() => {
      throw new IndeterminateSubmitError(ids, { cause: err });
    });
    const written = ledger.filter(({ id }) => ids.includes(id));
    if (written.length > 0) return written;
    if (looks === LOOKS) throw err;
    // Real time, whatever the app's clock: it is the store that is waited for.
    await sleep(systemClock, LOOK_AGAIN_AFTER);
  }
}

/** Milliseconds, more with every try: where many triggers fell together, the next instant is taken as well. */
function stepAside(tries: number): number {
  return Math.floor(Math.random() * 2 ** Math.min(tries, 14));
}

function manualFiring({ incarnation }: ScheduledTask, slot: Date): NewFiring {
  const id = firingId(incarnation, slot, 'manual');
  return { id, slot, until: null, count: 1, kind: 'manual', state: 'claimed', reason: null };
}

/** What became of the task is the caller's to know, whether or not it can be written down. */
async function mark(
  { app }: TriggerParts,
  backend: BaseSchedulerBackend,
  firing: Firing,
  how: Parameters<BaseSchedulerBackend['markFirings']>[1],
): Promise<void> {
  try {
    await backend.markFirings([firing], how);
  } catch (err) {
    app.logger.warn({ err, firing: firing.id, ...how }, 'what became of a trigger by hand could not be noted');
  }
}

function isIndeterminate(err: unknown): boolean {
  return err instanceof Error && 'code' in err && err.code === 'INDETERMINATE_SUBMIT';
}
