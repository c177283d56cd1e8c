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
  ScheduleExistsError,
  type ScheduleFilter,
  type ScheduleType,
  type SlotDecision,
  StoppedError,
  type StoreContext,
  systemClock,
  type UnsubmittedFiring,
} from '@flowrra/core';
import { ChangeWaits } from '../change-waits.js';
import { checkConditions, checkPageOptions } from '../check-filter.js';
import { checkChanges, checkId, checkIdentity, checkInstant, checkRunTimes, checkStorable } from '../check-storable.js';
import { runsAmong } from '../claimed-runs.js';
import { matchesFilter } from '../matches-filter.js';
import { definitionHash } from '../schedule-identity.js';
import { copySchedule, storableDecision, storableMark } from '../stored-schedule.js';
import { FiringLedger } from './firing-ledger.js';
import { ScheduleTable } from './schedule-table.js';

/**
 * Keeps schedules and their ledger in this process, and loses them with it: for tests, and for apps that declare all
 * their schedules at each start. Several nodes of one process may share an instance.
 */
export class InMemorySchedulerBackend extends BaseSchedulerBackend {
  override readonly supports = { claims: true };
  readonly #schedules = new ScheduleTable();
  readonly #ledger = new FiringLedger();
  readonly #waits = new ChangeWaits();
  #clock: Clock = systemClock;
  #closed = false;

  override async open({ clock }: StoreContext): Promise<void> {
    this.#checkOpen();
    this.#clock = clock;
  }

  async create(task: ScheduledTask): Promise<void> {
    this.#checkOpen();
    checkStorable(task);
    if (this.#schedules.get(task.id)) throw new ScheduleExistsError(task.id);
    this.#schedules.write({ ...task, revision: 1 });
    this.#waits.wake();
  }

  async update(task: ScheduledTask): Promise<void> {
    this.#checkOpen();
    checkStorable(task);
    this.#schedules.write({ ...task, revision: this.#schedules.find(task.id).revision + 1 });
    this.#waits.wake();
  }

  async delete(id: string): Promise<boolean> {
    this.#checkOpen();
    checkId(id);
    const deleted = this.#schedules.delete(id);
    if (deleted) this.#waits.wake();
    return deleted;
  }

  async get(id: string): Promise<ScheduledTask | null> {
    this.#checkOpen();
    checkId(id);
    const task = this.#schedules.get(id);
    return task ? copySchedule(task) : null;
  }

  async listAll(): Promise<ScheduledTask[]> {
    return this.#list(() => true);
  }

  async listEnabled(): Promise<ScheduledTask[]> {
    return this.#list(({ enabled }) => enabled);
  }

  async listDue(now: Date = new Date(this.#clock.now())): Promise<ScheduledTask[]> {
    this.#checkOpen();
    checkInstant(now, 'now');
    return this.#schedules.due(now, () => true).map(copySchedule);
  }

  async updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void> {
    this.#checkOpen();
    checkRunTimes(lastRun, nextRun);
    checkId(id);
    this.#schedules.write({ ...this.#schedules.find(id), lastRun, nextRun });
    this.#waits.wake();
  }

  async clear(): Promise<number> {
    this.#checkOpen();
    const count = this.#schedules.clear();
    if (count > 0) this.#waits.wake();
    return count;
  }

  async findByDefinition(
    taskName: string,
    scheduleType: ScheduleType,
    schedule: string,
    args: readonly JsonValue[] = [],
    kwargs: JsonObject | null = null,
    timeZone = 'UTC',
  ): Promise<ScheduledTask | null> {
    const definition = { taskName, scheduleType, schedule, args, kwargs, timeZone };
    checkIdentity(definition);
    const wanted = definitionHash(definition);
    // The hash costs more than the texts, and decides alone.
    const found = this.#list(
      (task) => task.taskName === taskName && task.schedule === schedule && definitionHash(task) === wanted,
    );
    return found.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())[0] ?? null;
  }

  override async dueTimes({ exceptTasks = [] }: ExceptTasks = {}): Promise<DueTimes> {
    this.#checkOpen();
    const except = new Set(exceptTasks);
    return {
      now: new Date(this.#clock.now()),
      nextRun: this.#schedules.nextRun(({ taskName }) => !except.has(taskName)),
      oldestClaim: this.#ledger.oldestClaim((firing) => !this.#isOf(firing, except)),
    };
  }

  override async readDue({ exceptTasks = [], limit }: ExceptTasks & { limit: number }): Promise<DueSchedules> {
    this.#checkOpen();
    const now = new Date(this.#clock.now());
    const due = this.#schedules.due(now, ({ taskName }) => !exceptTasks.includes(taskName));
    return { now, schedules: due.slice(0, limit).map(copySchedule) };
  }

  override async claimDue(decisions: readonly SlotDecision[], { node }: { node: string }): Promise<Firing[]> {
    this.#checkOpen();
    const claimed: Firing[] = [];
    const claim = { node, now: this.#clock.now() };
    for (const decision of decisions) {
      const task = this.#schedules.current(decision.scheduleId, { ...decision, nextRun: decision.dueAt });
      if (!task) continue;
      claimed.push(...this.#claim(task, storableDecision(decision), claim));
      this.#waits.wake();
    }
    return claimed;
  }

  override async unsubmittedFirings({
    exceptTasks = [],
    olderThan,
    limit,
  }: ExceptTasks & { olderThan: number; limit: number }): Promise<UnsubmittedFiring[]> {
    this.#checkOpen();
    const latest = this.#clock.now() - olderThan;
    const except = new Set(exceptTasks);
    const firings = this.#ledger.claimed(
      (firing) => firing.claimedAt.getTime() <= latest && !this.#isOf(firing, except),
      limit,
    );
    return firings.map((firing) => {
      const schedule = this.#scheduleOf(firing);
      return { firing, schedule: schedule && copySchedule(schedule) };
    });
  }

  override async markFirings(firings: readonly Firing[], mark: FiringMark): Promise<void> {
    this.#checkOpen();
    const storable = storableMark(mark);
    for (const { id } of firings) this.#ledger.mark(id, storable, this.#clock.now());
  }

  override async listFirings(scheduleId: string, page: Page = {}): Promise<Firing[]> {
    this.#checkOpen();
    checkId(scheduleId);
    const { limit, offset } = checkPage(checkPageOptions(page));
    return this.#ledger.ofSchedule(scheduleId).slice(offset, offset + limit);
  }

  override async pruneFirings({ olderThan, keep }: { olderThan: number; keep: number }): Promise<number> {
    this.#checkOpen();
    return this.#ledger.prune(this.#clock.now() - olderThan, keep);
  }

  override async applyChanges(changes: readonly ScheduleChange[]): Promise<boolean> {
    this.#checkOpen();
    checkChanges(changes);
    if (!this.#schedules.apply(changes)) return false;
    if (changes.length > 0) this.#waits.wake();
    return true;
  }

  override async listMatching(filter: ScheduleFilter): Promise<ScheduledTask[]> {
    const { limit, offset } = checkPage(checkConditions(filter));
    return this.#list((task) => matchesFilter(task, filter)).slice(offset, offset + limit);
  }

  override async waitForChange({ signal }: { signal: AbortSignal }): Promise<void> {
    if (!this.#closed) await this.#waits.wait(signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waits.wake();
  }

  /** @returns the firings that are new in the ledger */
  #claim(
    task: ScheduledTask,
    { nextRun, error, firings }: SlotDecision,
    claim: { readonly node: string; readonly now: number },
  ): Firing[] {
    const written = this.#ledger.write(firings, { schedule: task, ...claim });
    const { runs, newest } = runsAmong(written);
    this.#schedules.write({
      ...task,
      nextRun,
      error,
      lastRun: newest?.slot ?? task.lastRun,
      lastTaskId: newest?.id ?? task.lastTaskId,
      runCount: task.runCount + runs.length,
    });
    return written;
  }

  #list(matches: (task: ScheduledTask) => boolean): ScheduledTask[] {
    this.#checkOpen();
    return this.#schedules.list(matches).map(copySchedule);
  }

  /** The schedule that fired; null when it is gone, or another one has its id. */
  #scheduleOf({ scheduleId, incarnation }: Firing): ScheduledTask | null {
    const task = this.#schedules.get(scheduleId);
    return task?.incarnation === incarnation ? task : null;
  }

  /** A firing whose schedule is gone is of no task. */
  #isOf(firing: Firing, taskNames: ReadonlySet<string>): boolean {
    const schedule = taskNames.size > 0 ? this.#scheduleOf(firing) : null;
    return schedule !== null && taskNames.has(schedule.taskName);
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoppedError('InMemorySchedulerBackend');
  }
}
