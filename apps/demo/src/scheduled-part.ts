import { sleep, systemClock } from '@flowrra/core';
import type { Scheduler } from '@flowrra/scheduler';
import { loggedRuns } from './run-folder.js';
import { audit, type Grid, type ScheduleAudit } from './schedule-audit.js';
import { declareSchedules, EVERY } from './schedules.js';
import { screen } from './screen.js';

const OWNER = 'demo';
/** Milliseconds that the schedules go on at least, however quickly the files are done. */
const AT_LEAST = 6_000;
/** Milliseconds after the end in which the last tasks should have run, a lost worker's lease included. */
const SETTLED_WITHIN = 20_000;
const LOOK_EVERY = 100;

/** The schedules of a run, from their creation to the proof that every slot fired once. */
export class ScheduledPart {
  readonly #root: string;
  readonly #scheduler: Scheduler;
  #begun = 0;
  /** The beginning on the store's clock, by which schedules go. */
  #createdAt = 0;

  constructor(root: string, scheduler: Scheduler) {
    this.#root = root;
    this.#scheduler = scheduler;
  }

  /** Creates the schedules; from here on they fire wherever a scheduler runs. */
  async begin(): Promise<void> {
    const { created } = await this.#scheduler.apply(declareSchedules(this.#root), { owner: OWNER });
    this.#createdAt = created[0]?.schedule.createdAt.getTime() ?? 0;
    this.#begun = systemClock.now();
  }

  /** Lets the schedules end, now or when they have gone on for long enough, and looks what became of their slots. */
  async end(hurry: AbortSignal): Promise<ScheduleAudit[]> {
    const left = AT_LEAST - this.#elapsed;
    if (left > 0 && !hurry.aborted)
      screen.print(`The files are done; the schedules go on for another ${(left / 1000).toFixed(1)} s.`);
    await this.#endAfter(Math.max(AT_LEAST, this.#elapsed));
    await sleep(systemClock, left, { signal: hurry }).catch(() => this.#endAfter(this.#elapsed));
    await this.#settled();
    return this.#audit();
  }

  get #elapsed(): number {
    return systemClock.now() - this.#begun;
  }

  async #endAfter(ms: number): Promise<void> {
    const endAt = new Date(this.#createdAt + ms);
    await this.#scheduler.apply(declareSchedules(this.#root, endAt), { owner: OWNER });
  }

  /** Waits until no slot is left, and every task that was enqueued has begun. */
  async #settled(): Promise<void> {
    const deadline = systemClock.now() + SETTLED_WITHIN;
    while (!(await this.#isSettled()) && systemClock.now() < deadline) await sleep(systemClock, LOOK_EVERY);
  }

  async #isSettled(): Promise<boolean> {
    const schedules = await this.#scheduler.list({ owner: OWNER });
    if (schedules.some(({ nextRun }) => nextRun !== null)) return false;
    const ledgers = await Promise.all(schedules.map(({ id }) => this.#scheduler.history(id)));
    const logged = new Set(loggedRuns().map(({ taskId }) => taskId));
    return ledgers.flat().every(({ state, id }) => state !== 'claimed' && (state !== 'submitted' || logged.has(id)));
  }

  async #audit(): Promise<ScheduleAudit[]> {
    const log = loggedRuns();
    const grids: Record<string, Grid> = {
      rescan: { origin: this.#createdAt, every: EVERY.rescan },
      report: { origin: 0, every: EVERY.report },
    };
    const audits: ScheduleAudit[] = [];
    for (const schedule of await this.#scheduler.list({ owner: OWNER })) {
      const grid = grids[schedule.id];
      if (grid) audits.push(audit(schedule, grid, await this.#scheduler.history(schedule.id), log));
    }
    return audits;
  }
}
