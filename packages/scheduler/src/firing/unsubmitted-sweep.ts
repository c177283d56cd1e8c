import type { BaseSchedulerBackend, DueTimes, FiringMark, Flowrra, UnsubmittedFiring } from '@flowrra/core';
import type { BrokerGate } from './broker-gate.js';
import { RESUBMIT_AFTER, type SlotSubmitter } from './slot-submitter.js';
import type { UnknownTasks } from './unknown-tasks.js';

/** Firings that one sweep looks at, besides those that wait for room in a queue. */
const SWEEP_LIMIT = 2_000;

const REMOVED =
  'Its schedule was removed before its task was known to be submitted, and the broker does not hold its task: it ended, or never was.';
const TOO_OLD =
  'It stayed unsubmitted for so long that the broker would not know its id any more, and the broker does not hold its task.';

export interface SweepParts {
  readonly app: Flowrra;
  readonly gate: BrokerGate;
  readonly submitter: SlotSubmitter;
  readonly unknownTasks: UnknownTasks;
}

/** Sees to firings that were claimed and not marked: their node died, or the broker refused them. */
export class UnsubmittedSweep {
  readonly #parts: SweepParts;
  #last = Number.NEGATIVE_INFINITY;
  /** Firings that wait for room in a queue. They stay in front of the others, so the sweep looks behind them. */
  #heldUp = 0;

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  /** Milliseconds until the next sweep, 0 when it is due; null when there is nothing to sweep. */
  dueIn({ now, oldestClaim }: DueTimes): number | null {
    const { gate, app } = this.#parts;
    if (!oldestClaim && !gate.trouble) return null;
    const sinceLast = app.clock.now() - this.#last;
    // A clock that was set back must not hold up sweeps.
    const pause = sinceLast < 0 ? 0 : RESUBMIT_AFTER - sinceLast;
    const ripens = oldestClaim ? oldestClaim.getTime() + RESUBMIT_AFTER - now.getTime() : 0;
    return Math.max(0, pause, ripens);
  }

  /**
   * Looks once. A broker that answers again is tried with what is unsubmitted, or else left ajar for a new claim.
   * @param askedAt when the due times were asked for, by this process's clock
   */
  async run(backend: BaseSchedulerBackend, { now, oldestClaim }: DueTimes, askedAt: number): Promise<void> {
    const { app, gate, submitter, unknownTasks } = this.#parts;
    this.#last = app.clock.now();
    if (gate.trouble && !(await gate.probe())) return;
    const found = await backend.unsubmittedFirings({
      olderThan: RESUBMIT_AFTER,
      limit: SWEEP_LIMIT + this.#heldUp,
      exceptTasks: unknownTasks.names(),
    });
    const unsubmitted = found.filter(({ firing }) => !submitter.isInFlight(firing.id));
    if (unsubmitted.length === 0) {
      if (oldestClaim === null) gate.leaveAjar();
      return;
    }
    const window = await this.#dedupeWindow();
    if (window === null) return;
    const oldest = now.getTime() - window / 2;
    const settled = await this.#settle(
      backend,
      unsubmitted.filter(({ firing, schedule }) => !schedule || firing.claimedAt.getTime() < oldest),
    );
    if (!settled) return;
    await this.#push(
      backend,
      unsubmitted.filter(({ firing }) => firing.claimedAt.getTime() >= oldest),
      { askedAt, lastTryBefore: oldest + window / 8 },
    );
  }

  /**
   * Firings that must not be pushed blindly, or have nothing to push: the broker says whether they were.
   * @returns whether it answered
   */
  async #settle(backend: BaseSchedulerBackend, unsubmitted: readonly UnsubmittedFiring[]): Promise<boolean> {
    const held = await this.#parts.gate.holds(unsubmitted.map(({ firing }) => firing.id));
    if (!held) return false;
    const submitted = unsubmitted.filter((_, i) => held[i]);
    const lost = unsubmitted.filter((_, i) => !held[i]);
    const removed = lost.filter(({ schedule }) => !schedule);
    const tooOld = lost.filter(({ schedule }) => schedule);
    await mark(backend, submitted, { state: 'submitted' });
    await mark(backend, removed, { state: 'unknown', reason: REMOVED });
    await mark(backend, tooOld, { state: 'unknown', reason: TOO_OLD });
    if (tooOld.length > 0)
      this.#parts.app.logger.warn(
        { count: tooOld.length, firings: tooOld.slice(0, 10).map(({ firing }) => firing.id) },
        'firings were unsubmitted for too long: nobody can tell whether their tasks ran',
      );
    return true;
  }

  async #push(
    backend: BaseSchedulerBackend,
    unsubmitted: readonly UnsubmittedFiring[],
    { askedAt, lastTryBefore }: { askedAt: number; lastTryBefore: number },
  ): Promise<void> {
    const { gate, submitter, unknownTasks } = this.#parts;
    const claimed = unsubmitted.flatMap(({ firing, schedule }) => {
      // While the broker would still know whether it was pushed, and so a full queue tells that it was not.
      const lastTry = firing.claimedAt.getTime() < lastTryBefore;
      return schedule ? [{ firing, schedule, askedAt, lastTry }] : [];
    });
    const { known } = unknownTasks.sortOut(claimed.map(({ schedule }) => schedule));
    const ready = claimed.filter(({ schedule }) => known.has(schedule));
    const pushable = ready.filter(({ schedule, lastTry }) => lastTry || !submitter.waitsForRoom(schedule));
    this.#heldUp = ready.length - pushable.length;
    if (pushable.length === 0) gate.leaveAjar();
    else await submitter.submit(backend, pushable, { probe: gate.refusal !== null });
  }

  /** Null when the broker cannot be asked. */
  async #dedupeWindow(): Promise<number | null> {
    try {
      return await this.#parts.app.dedupeWindow();
    } catch (err) {
      if (this.#parts.gate.noteError(err)) return null;
      throw err;
    }
  }
}

async function mark(
  backend: BaseSchedulerBackend,
  unsubmitted: readonly UnsubmittedFiring[],
  how: FiringMark,
): Promise<void> {
  const firings = unsubmitted.map(({ firing }) => firing);
  if (firings.length > 0) await backend.markFirings(firings, how);
}
