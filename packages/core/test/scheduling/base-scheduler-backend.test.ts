import { describe, expect, it } from 'vitest';
import {
  BaseSchedulerBackend,
  implementsContract,
  type JsonObject,
  type JsonValue,
  type NewFiring,
  type ScheduledTask,
  ScheduleExistsError,
  ScheduleNotFoundError,
  type ScheduleType,
} from '../../src/index.js';

/** The eleven methods, as somebody would write them from the documentation; nothing else. */
class MapSchedulerBackend extends BaseSchedulerBackend {
  readonly #tasks = new Map<string, ScheduledTask>();

  async create(task: ScheduledTask) {
    if (this.#tasks.has(task.id)) throw new ScheduleExistsError(task.id);
    this.#tasks.set(task.id, { ...task, revision: 1 });
  }
  async update(task: ScheduledTask) {
    this.#tasks.set(task.id, { ...task, revision: this.#stored(task.id).revision + 1 });
  }
  async delete(id: string) {
    return this.#tasks.delete(id);
  }
  async get(id: string) {
    return this.#tasks.get(id) ?? null;
  }
  async listAll() {
    return [...this.#tasks.values()];
  }
  async listEnabled() {
    return (await this.listAll()).filter(({ enabled }) => enabled);
  }
  async listDue(now = new Date()) {
    return (await this.listEnabled()).filter(({ nextRun }) => nextRun !== null && nextRun <= now);
  }
  async updateRunTimes(id: string, lastRun: Date, nextRun: Date | null) {
    this.#tasks.set(id, { ...this.#stored(id), lastRun, nextRun });
  }
  async clear() {
    const count = this.#tasks.size;
    this.#tasks.clear();
    return count;
  }
  async findByDefinition(
    taskName: string,
    scheduleType: ScheduleType,
    schedule: string,
    args: readonly JsonValue[] = [],
    kwargs: JsonObject | null = null,
    timeZone = 'UTC',
  ) {
    const wanted = JSON.stringify([taskName, scheduleType, schedule, args, kwargs, timeZone]);
    const definition = (t: ScheduledTask) =>
      JSON.stringify([t.taskName, t.scheduleType, t.schedule, t.args, t.kwargs, t.timeZone]);
    return (await this.listAll()).find((task) => definition(task) === wanted) ?? null;
  }
  async close() {}

  #stored(id: string): ScheduledTask {
    const task = this.#tasks.get(id);
    if (!task) throw new ScheduleNotFoundError(id);
    return task;
  }
}

const SLOT = new Date(Date.UTC(2026, 0, 1, 12));

function schedule(id: string, changes: Partial<ScheduledTask> = {}): ScheduledTask {
  return {
    id,
    incarnation: 'one',
    revision: 1,
    taskName: 'report',
    scheduleType: 'cron',
    schedule: '0 12 * * *',
    args: [],
    kwargs: null,
    timeZone: 'UTC',
    enabled: true,
    lastRun: null,
    nextRun: SLOT,
    lastTaskId: null,
    catchUp: 'latest',
    overlap: 'allow',
    jitter: 0,
    startAt: null,
    endAt: null,
    maxRuns: null,
    runCount: 0,
    queue: null,
    priority: null,
    retries: null,
    timeout: null,
    description: null,
    owner: null,
    error: null,
    createdAt: SLOT,
    updatedAt: SLOT,
    ...changes,
  };
}

describe('a scheduler backend with the eleven methods', () => {
  it('is one, and says that it has no ledger', async () => {
    const backend = new MapSchedulerBackend();
    expect(implementsContract(backend, 'scheduler-backend@1')).toBe(true);
    expect(backend.supports).toEqual({ claims: false });
    const firing: NewFiring = {
      id: 'a-1',
      slot: SLOT,
      until: null,
      count: 1,
      kind: 'slot',
      state: 'claimed',
      reason: null,
    };
    const decision = { scheduleId: 'a', incarnation: 'one', revision: 1, dueAt: SLOT, nextRun: null, error: null };
    for (const [method, call] of Object.entries({
      dueTimes: () => backend.dueTimes(),
      readDue: () => backend.readDue({ limit: 10 }),
      claimDue: () => backend.claimDue([{ ...decision, firings: [firing] }], { node: 'node-1' }),
      unsubmittedFirings: () => backend.unsubmittedFirings({ olderThan: 5_000, limit: 10 }),
      markFirings: () => backend.markFirings([], { state: 'submitted' }),
      listFirings: () => backend.listFirings('a', { limit: undefined, offset: 0 }),
      pruneFirings: () => backend.pruneFirings({ olderThan: 1_000, keep: 10 }),
      applyChanges: () => backend.applyChanges([]),
      listMatching: () => backend.listMatching({}),
      waitForChange: () => backend.waitForChange({ signal: AbortSignal.abort() }),
    })) {
      await expect(call()).rejects.toMatchObject({
        code: 'NOT_IMPLEMENTED',
        message: expect.stringContaining(`MapSchedulerBackend.${method}()`),
      });
    }
  });

  it('says what is taken and what is missing in typed errors', async () => {
    const backend = new MapSchedulerBackend();
    await backend.create(schedule('a'));
    await expect(backend.create(schedule('a'))).rejects.toMatchObject({ code: 'SCHEDULE_EXISTS', scheduleId: 'a' });
    await expect(backend.update(schedule('b'))).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND', scheduleId: 'b' });
    await expect(backend.updateRunTimes('b', SLOT, null)).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  });

  it('can be asked with the defaults of the contract', async () => {
    const backend: BaseSchedulerBackend = new MapSchedulerBackend();
    await backend.create(schedule('a'));
    expect(await backend.findByDefinition('report', 'cron', '0 12 * * *')).toMatchObject({ id: 'a' });
    expect(await backend.findByDefinition('report', 'cron', '0 12 * * *', [1])).toBeNull();
    expect(await backend.listDue(new Date(SLOT.getTime() - 1))).toEqual([]);
    expect(await backend.listDue(SLOT)).toHaveLength(1);
    await backend.updateRunTimes('a', SLOT, null);
    expect(await backend.listDue()).toEqual([]);
  });
});
