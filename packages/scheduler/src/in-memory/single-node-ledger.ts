import {
  BaseSchedulerBackend,
  type Clock,
  checkPage,
  type DueSchedules,
  type DueTimes,
  type ExceptTasks,
  type Firing,
  type FiringMark,
  type JsonObject,
  type JsonValue,
  type Page,
  type ScheduleChange,
  type ScheduledTask,
  type ScheduleFilter,
  type ScheduleType,
  type SlotDecision,
  StoppedError,
  type StoreContext,
  sleep,
  type UnsubmittedFiring,
} from '@flowrra/core';
import { ChangeWaits } from '../change-waits.js';
import { checkConditions, checkPageOptions } from '../check-filter.js';
import { checkChanges, checkStorable } from '../check-storable.js';
import { matchesFilter } from '../matches-filter.js';
import { copySchedule, isSameVersion, storableDecision, storableMark } from '../stored-schedule.js';
import { FiringLedger } from './firing-ledger.js';
import { RunsAhead } from './runs-ahead.js';

/** How often, in milliseconds, to look for what another process changed. */
const LOOK_EVERY = 5_000;

/**
 * The backend with the ledger methods: itself when it has them; otherwise with a ledger in the memory of this process,
 * which is enough for one node.
 */
export function withLedger(backend: BaseSchedulerBackend, clock: Clock): BaseSchedulerBackend {
  return backend.supports.claims ? backend : new SingleNodeLedger(backend, clock);
}

/**
 * Adds the ledger methods to a backend that has only the eleven. A run is stored when its task was pushed, not when it is
 * claimed: after a crash in between the slot is still due, and pushing the same id again changes nothing. The ledger
 * itself ends with the process.
 */
class SingleNodeLedger extends BaseSchedulerBackend {
  override readonly supports = { claims: true };
  readonly #backend: BaseSchedulerBackend;
  readonly #clock: Clock;
  readonly #ledger = new FiringLedger();
  readonly #ahead: RunsAhead;
  readonly #waits = new ChangeWaits();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(backend: BaseSchedulerBackend, clock: Clock) {
    super();
    this.#backend = backend;
    this.#clock = clock;
    this.#ahead = new RunsAhead(backend);
  }

  override open(context: StoreContext): Promise<void> {
    return this.#backend.open(context);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waits.wake();
    // What was called before is still to be done.
    await this.#turn;
    await this.#backend.close();
  }

  async create(task: ScheduledTask): Promise<void> {
    const copy = ownCopy(task);
    return this.#change(() => this.#backend.create(copy));
  }

  async update(task: ScheduledTask): Promise<void> {
    const copy = ownCopy(task);
    return this.#change(() => this.#ahead.replace(copy));
  }

  delete(id: string): Promise<boolean> {
    return this.#change(() => this.#delete(id));
  }

  clear(): Promise<number> {
    return this.#change(async () => {
      for (const row of await this.#backend.listAll()) this.#ahead.forgetSchedule(row);
      return this.#backend.clear();
    });
  }

  updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void> {
    return this.#change(async () => {
      const row = await this.#backend.get(id);
      if (row) this.#ahead.forget(row);
      await this.#backend.updateRunTimes(id, lastRun, nextRun);
    });
  }

  async get(id: string): Promise<ScheduledTask | null> {
    return this.#ahead.view(await this.#backend.get(id));
  }

  async listAll(): Promise<ScheduledTask[]> {
    return (await this.#backend.listAll()).map((row) => this.#ahead.view(row));
  }

  async listEnabled(): Promise<ScheduledTask[]> {
    return (await this.#backend.listEnabled()).map((row) => this.#ahead.view(row));
  }

  async listDue(now: Date = new Date(this.#clock.now())): Promise<ScheduledTask[]> {
    // Runs only move forward: what is due is among what is stored as due.
    const due = (await this.#backend.listDue(now)).map((row) => this.#ahead.view(row));
    return due.filter(({ nextRun }) => nextRun !== null && nextRun <= now).sort(byNextRun);
  }

  async findByDefinition(
    taskName: string,
    scheduleType: ScheduleType,
    schedule: string,
    args?: readonly JsonValue[],
    kwargs?: JsonObject | null,
    timeZone?: string,
  ): Promise<ScheduledTask | null> {
    const found = await this.#backend.findByDefinition(taskName, scheduleType, schedule, args, kwargs, timeZone);
    return this.#ahead.view(found);
  }

  override async dueTimes({ exceptTasks = [] }: ExceptTasks = {}): Promise<DueTimes> {
    await this.#inTurn(() => this.#ahead.store());
    const rows = (await this.listEnabled()).filter((row) => row.nextRun && !exceptTasks.includes(row.taskName));
    const oldestClaim = this.#ledger.oldestClaim((firing) => !exceptTasks.includes(this.#ahead.taskOf(firing) ?? ''));
    return { now: new Date(this.#clock.now()), nextRun: rows.sort(byNextRun)[0]?.nextRun ?? null, oldestClaim };
  }

  override async readDue({ exceptTasks = [], limit }: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    const now = new Date(this.#clock.now());
    const due = (await this.listDue(now)).filter(({ taskName }) => !exceptTasks.includes(taskName));
    return { now, schedules: due.slice(0, limit) };
  }

  override claimDue(decisions: readonly SlotDecision[], { node }: { node: string }): Promise<Firing[]> {
    return this.#change(async () => {
      const claimed: Firing[] = [];
      const claim = { node, now: this.#clock.now() };
      for (const decision of decisions.map(storableDecision)) {
        const row = await this.get(decision.scheduleId);
        if (row && isSameVersion(row, { ...decision, nextRun: decision.dueAt }))
          claimed.push(...this.#claim(row, decision, claim));
      }
      await this.#ahead.store();
      return claimed;
    });
  }

  override async unsubmittedFirings({
    exceptTasks = [],
    olderThan,
    limit,
  }: ExceptTasks & { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    this.#checkOpen();
    const latest = this.#clock.now() - olderThan;
    const claimed = this.#ledger.claimed(
      (firing) => firing.claimedAt.getTime() <= latest && !exceptTasks.includes(this.#ahead.taskOf(firing) ?? ''),
      limit,
    );
    return Promise.all(
      claimed.map(async (firing) => {
        const row = await this.get(firing.scheduleId);
        return { firing, schedule: row?.incarnation === firing.incarnation ? row : null };
      }),
    );
  }

  override async markFirings(firings: readonly Firing[], mark: FiringMark): Promise<void> {
    await this.#inTurn(() => {
      for (const firing of firings) {
        this.#ledger.mark(firing.id, storableMark(mark), this.#clock.now());
        this.#ahead.settle(firing);
      }
      return this.#ahead.store();
    });
  }

  override async listFirings(scheduleId: string, page: Page = {}): Promise<Firing[]> {
    const { limit, offset } = checkPage(checkPageOptions(page));
    this.#checkOpen();
    return this.#ledger.ofSchedule(scheduleId).slice(offset, offset + limit);
  }

  override async pruneFirings({ olderThan, keep }: { olderThan: number; keep: number }): Promise<number> {
    this.#checkOpen();
    return this.#ledger.prune(this.#clock.now() - olderThan, keep);
  }

  /** All are checked first; should the store fail in between, the first of them stay made. */
  override async applyChanges(wanted: readonly ScheduleChange[]): Promise<boolean> {
    checkChanges(wanted);
    const changes = wanted.map(
      (change) => ({ ...change, after: change.after && copySchedule(change.after) }) as ScheduleChange,
    );
    return this.#change(async () => {
      const rows = new Map<string, ScheduledTask | null>();
      for (const { before, after } of changes) {
        const id = before === null ? after.id : before.id;
        const row = rows.get(id) ?? (rows.has(id) ? null : await this.get(id));
        if (before === null ? row : !row || !isSameVersion(row, before)) return false;
        rows.set(id, after && { ...after, revision: 1 + (before?.revision ?? 0) });
      }
      for (const { before, after } of changes) {
        if (before === null) await this.#backend.create(after);
        else if (after) await this.#ahead.replace(after);
        else await this.#delete(before.id);
      }
      return true;
    });
  }

  override async listMatching(filter: ScheduleFilter): Promise<ScheduledTask[]> {
    const { limit, offset } = checkPage(checkConditions(filter));
    return (await this.listAll()).filter((row) => matchesFilter(row, filter)).slice(offset, offset + limit);
  }

  override async waitForChange({ signal }: { signal: AbortSignal }): Promise<void> {
    if (this.#closed) return;
    const over = new AbortController();
    const waiting = AbortSignal.any([signal, over.signal]);
    const pause = sleep(this.#clock, LOOK_EVERY, { signal: waiting, keepAlive: false }).catch(() => {});
    await Promise.race([this.#waits.wait(waiting), pause]);
    over.abort();
  }

  #claim(row: ScheduledTask, decision: SlotDecision, claim: { readonly node: string; readonly now: number }): Firing[] {
    const written = this.#ledger.write(decision.firings, { schedule: row, ...claim });
    this.#ahead.note(row, decision, written);
    return written;
  }

  async #delete(id: string): Promise<boolean> {
    const row = await this.#backend.get(id);
    if (row) this.#ahead.forgetSchedule(row);
    return this.#backend.delete(id);
  }

  #checkOpen(): void {
    if (this.#closed) throw this.#stopped();
  }

  #stopped(): StoppedError {
    return new StoppedError(this.#backend.constructor.name);
  }

  /** Reads and writes of one change, with no other one in between. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#stopped());
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    const result = await this.#inTurn(work);
    this.#waits.wake();
    return result;
  }
}

/** Taken before the change has to wait for its turn. */
function ownCopy(task: ScheduledTask): ScheduledTask {
  checkStorable(task);
  return copySchedule(task);
}

function byNextRun(a: ScheduledTask, b: ScheduledTask): number {
  return Number(a.nextRun) - Number(b.nextRun);
}
