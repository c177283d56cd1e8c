import {
  type BaseSchedulerBackend,
  type Firing,
  type Flowrra,
  IndeterminateSubmitError,
  type NewFiring,
  type ScheduledTask,
  ScheduleNotFoundError,
  StoreUnavailableError,
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
 *   IndeterminateSubmitError: then it is or is going to be, once, unless the ledger comes to say that nobody can tell
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
    const [firing] = await backend.claimDue([decision], { node });
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
