import type { BaseSchedulerBackend, DueTimes, Flowrra, ScheduledTask, SlotDecision } from '@flowrra/core';
import type { BrokerGate } from './broker-gate.js';
import { CallChecks } from './call-checks.js';
import { decideSlots } from './decide-slots.js';
import { liveRuns } from './live-runs.js';
import type { ClaimedFiring, SlotSubmitter } from './slot-submitter.js';
import type { TaskQueues } from './task-queues.js';
import type { FindTask, UnknownTasks } from './unknown-tasks.js';
import type { UnsubmittedSweep } from './unsubmitted-sweep.js';

/** Due schedules that are read at once. */
const SCHEDULES_AT_ONCE = 500;
/** Reads of one round: between rounds the node sees to what others left, and shows that it lives. */
const READS_PER_ROUND = 20;
/** Firings that one claim writes, more or less: a single schedule may have more. */
const FIRINGS_AT_ONCE = 1_000;

export interface RoundParts {
  readonly app: Flowrra;
  readonly node: string;
  readonly gate: BrokerGate;
  readonly submitter: SlotSubmitter;
  readonly sweep: UnsubmittedSweep;
  readonly unknownTasks: UnknownTasks;
  readonly findTask: FindTask;
  readonly queues: TaskQueues;
  /** Aborts when nothing may be claimed any more. */
  readonly stopping: AbortSignal;
}

export interface RoundReply {
  readonly due: DueTimes;
  /** Whether something was claimed, or learned: there may be more to do at once. */
  readonly progress: boolean;
}

/** One look at the schedules, and everything that is to be done then. */
export class NodeRound {
  readonly #parts: RoundParts;
  readonly #callChecks: CallChecks;
  /** Due schedules that wait for room in a queue. They stay in front of the others, so the node looks behind them. */
  #heldUp = 0;

  constructor(parts: RoundParts) {
    this.#parts = parts;
    this.#callChecks = new CallChecks(parts);
  }

  async run(backend: BaseSchedulerBackend): Promise<RoundReply> {
    const { app, gate, sweep, unknownTasks } = this.#parts;
    const askedAt = app.clock.now();
    const due = await backend.dueTimes({ exceptTasks: unknownTasks.names() });
    if (sweep.dueIn(due) === 0) await sweep.run(backend, due, askedAt);
    if (unknownTasks.lookIn() === 0) await unknownTasks.look(backend);
    const isDue = due.nextRun !== null && due.nextRun <= due.now;
    if (!isDue || gate.isClosed) return { due, progress: false };
    return { due, progress: await this.#fire(backend, gate.isAjar) };
  }

  /**
   * Claims what is due, batch by batch, each while the tasks of the one before are pushed.
   * @param probe the broker refused before: try it with one schedule
   */
  async #fire(backend: BaseSchedulerBackend, probe: boolean): Promise<boolean> {
    const { submitter, unknownTasks } = this.#parts;
    const pushes = new PushesInTurn((tasks) => submitter.submit(backend, tasks, { probe }));
    let progress = false;
    try {
      for (let reads = 0, more = true; more && reads < READS_PER_ROUND && this.#mayClaim(probe); reads++) {
        const limit = SCHEDULES_AT_ONCE + this.#heldUp;
        const { now, schedules } = await backend.readDue({ exceptTasks: unknownTasks.names(), limit });
        const { known, foundUnknown } = unknownTasks.sortOut(schedules);
        const ready = [...known].filter((schedule) => !submitter.waitsForRoom(schedule));
        const heldUp = known.size - ready.length;
        const decisions = await this.#decide(backend, probe ? ready.slice(0, 1) : ready, now);
        const fired = await this.#claim(backend, decisions, { probe, pushes });
        progress ||= fired || foundUnknown;
        more = !probe && schedules.length === limit && (fired || foundUnknown || heldUp > this.#heldUp);
        this.#heldUp = heldUp;
      }
    } finally {
      await pushes.end();
    }
    return progress;
  }

  #mayClaim(probe: boolean): boolean {
    return !this.#parts.stopping.aborted && (probe || !this.#parts.gate.refusal);
  }

  async #decide(
    backend: BaseSchedulerBackend,
    schedules: readonly ScheduledTask[],
    now: Date,
  ): Promise<Map<string, { schedule: ScheduledTask; decision: SlotDecision }>> {
    const { app } = this.#parts;
    const live = await liveRuns(this.#parts, backend, schedules);
    if (!live) return new Map();
    const errors = await this.#callChecks.errorsOf(schedules);
    const decisions = schedules.map((schedule, i) => {
      const decision = decideSlots(schedule, now, { lastRunIsLive: live.has(schedule), callError: errors[i] });
      const { error } = decision;
      if (error !== null && error !== schedule.error)
        app.logger.error({ schedule: schedule.id, error }, 'a schedule cannot fire');
      return { schedule, decision };
    });
    return new Map(decisions.map((decided) => [decided.schedule.id, decided]));
  }

  /** @returns whether anything came into the ledger */
  async #claim(
    backend: BaseSchedulerBackend,
    decisions: ReadonlyMap<string, { schedule: ScheduledTask; decision: SlotDecision }>,
    { probe, pushes }: { probe: boolean; pushes: PushesInTurn },
  ): Promise<boolean> {
    let fired = false;
    for (const batch of batches([...decisions.values()].map(({ decision }) => decision))) {
      if (!this.#mayClaim(probe)) break;
      const askedAt = this.#parts.app.clock.now();
      const firings = await backend.claimDue(batch, { node: this.#parts.node });
      fired ||= firings.length > 0;
      const tasks = firings.flatMap((firing) => {
        const schedule = decisions.get(firing.scheduleId)?.schedule;
        return schedule && firing.state === 'claimed' ? [{ firing, schedule, askedAt }] : [];
      });
      await pushes.next(tasks);
    }
    return fired;
  }
}

/** Pushes one batch while the next one is claimed: at most two are claimed and not pushed. */
class PushesInTurn {
  readonly #push: (tasks: readonly ClaimedFiring[]) => Promise<void>;
  #last: Promise<void> | null = null;

  constructor(push: (tasks: readonly ClaimedFiring[]) => Promise<void>) {
    this.#push = push;
  }

  /** Waits for the batch before, and begins with this one. */
  async next(tasks: readonly ClaimedFiring[]): Promise<void> {
    if (this.#last) {
      await this.#last;
      // A store and a broker inside of this process may answer without ever letting the event loop turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#last = this.#push(tasks);
    // `end` or the next batch awaits it; until then its failure has somebody to hear it.
    this.#last.catch(() => {});
  }

  async end(): Promise<void> {
    await this.#last;
  }
}

/** Decisions in order, cut where the firings become many. */
function* batches(decisions: readonly SlotDecision[]): Generator<SlotDecision[]> {
  let batch: SlotDecision[] = [];
  let firings = 0;
  for (const decision of decisions) {
    batch.push(decision);
    firings += decision.firings.length;
    if (firings < FIRINGS_AT_ONCE) continue;
    yield batch;
    batch = [];
    firings = 0;
  }
  if (batch.length > 0) yield batch;
}
