import assert from 'node:assert/strict';
import type { Lease } from '../../brokers/base-broker.js';
import type { ClaimedTask, TaskStore } from '../../stores/task-store.js';
import { isFinal, TaskStatus } from '../../tasks/task-status.js';
import { checkManaging, toMessage, whetherKnown } from '../broker/check-broker-steps.js';
import { checkClaim } from '../broker/check-claim.js';
import { compareTaskStore } from './compare-task-store.js';
import type { TaskStoreWorld } from './describe-task-store.js';
import { letEverythingEnd } from './let-everything-end.js';
import { payloadOf, toOutcome, toResult } from './model-results.js';
import { ModelWaits } from './model-waits.js';
import { claim, claimOne, submit, succeeded } from './store-steps.js';
import { type ModelResult, TaskStoreModel, type TaskStoreModelOptions } from './task-store-model.js';
import type { StepOf, TaskStoreStep } from './task-store-step.js';

/** A store whose clock is moved by hand, and how it was created. */
export interface TaskStoreStepsWorld
  extends Pick<TaskStoreWorld, 'store' | 'broker' | 'backend' | 'second'>,
    Required<Pick<TaskStoreWorld, 'advance'>>,
    TaskStoreModelOptions {
  /** Looks behind the store: at the end of the steps, when time has been noticed, and when everything has ended. */
  inspect?(expected: Pick<TaskStoreModel, 'messages' | 'results'>, when: 'steps done' | 'all ended'): Promise<void>;
}

/** A queue that no step uses: whoever claims from it lets a store notice what time has done. */
const ELSEWHERE = 'elsewhere';
const STATUSES = Object.values(TaskStatus);

/**
 * Does the steps to a task store and to a simple model of one, and fails at the first difference; then lets everything
 * come to its end. Where you have fast-check, `taskStoreSteps` of `@flowrra/core/conformance/arbitraries` draws steps. To
 * keep apart what happens at the same instant, use whole seconds from 2 s on for `advance` and `delay`, half ones for
 * `leaseMs`, and other numbers for `expiresIn`.
 *
 * @example
 * await fc.assert(fc.asyncProperty(taskStoreSteps, async (steps) => {
 *   const policy = { maxCrashes: 3, dedupeWindow: 5_000, maxQueueSize: null };
 *   const world = await createWorld({ policy, ttl: 5_000 });
 *   await checkTaskStoreSteps({ ...world, policy, ttl: 5_000, joined: true }, steps).finally(world.close);
 * }));
 */
export async function checkTaskStoreSteps(world: TaskStoreStepsWorld, steps: readonly TaskStoreStep[]): Promise<void> {
  const check = new TaskStoreCheck(world, world.second ? await world.second() : world.store);
  try {
    await check.begin();
    for (const step of steps) await check.does(step);
    await check.does({ do: 'advance', ms: 2_000, late: 0 });
    await world.inspect?.(check.model, 'steps done');
    await letEverythingEnd(check);
    await world.inspect?.(check.model, 'all ended');
  } finally {
    await check.end();
  }
}

/** One run of steps. */
class TaskStoreCheck {
  readonly model: TaskStoreModel;
  readonly #stores: Record<string, TaskStore>;
  readonly #tasks = new Map<Lease, ClaimedTask>();
  readonly #ids = new Set<string>();
  readonly queues = new Set<string>();
  readonly #waits = new ModelWaits();
  /** The store's time at which the model's began. */
  #epoch = 0;
  #texts = 0;
  #compared = 0;

  constructor(
    readonly world: TaskStoreStepsWorld,
    second: TaskStore,
  ) {
    this.model = new TaskStoreModel(world);
    this.model.onResult = (id, result) => this.#waits.changed(id, result && { final: isFinal(result.status) });
    this.#stores = { 'worker-1': world.store, 'worker-2': second };
  }

  /** Learns the store's time from a task that leaves nothing. */
  async begin(): Promise<void> {
    const { store, backend } = this.world;
    const [reply] = await submit(store, ['epoch'], { queue: ELSEWHERE });
    await store.finish(await claimOne(store, { queue: ELSEWHERE }), succeeded(null));
    await backend.delete('epoch');
    this.#epoch = reply?.submittedAt ?? 0;
    await this.#passTime(1);
  }

  end(): Promise<void> {
    return this.#waits.end();
  }

  async does(step: TaskStoreStep): Promise<void> {
    for (const one of step.do === 'submit' ? step.messages : [step]) {
      if ('id' in one) this.#ids.add(one.id);
      if ('queue' in one) this.queues.add(one.queue);
    }
    await this.#do(step);
    // One listing at a time, in turn: each costs a store as much as all the rest.
    const status = STATUSES[this.#compared++ % STATUSES.length] ?? 'pending';
    const seen = { ids: [...this.#ids], queues: [...this.queues], status, epoch: this.#epoch };
    await compareTaskStore(this.world.store, this.model, seen, `after ${JSON.stringify(step)}`);
    await this.#waits.check((id) => this.world.store.get(id));
  }

  async #do(step: TaskStoreStep): Promise<void> {
    const { store, broker, backend } = this.world;
    switch (step.do) {
      case 'advance':
        await this.#passTime(step.ms);
        await this.#holds({ do: 'extend', held: step.late, leaseMs: 2_500 });
        // Extending lets some stores look for leases that ended, and not wait for it; the next look is awaited.
        await this.#passTime(1_000);
        return void (await claim(store, { queue: ELSEWHERE }));
      case 'submit':
        return this.#submits(step);
      case 'claim':
        return this.#claims(step);
      case 'extend':
      case 'progress':
      case 'retry':
      case 'release':
      case 'finish':
        return this.#holds(step);
      case 'store':
        return this.#storesResult(step);
      case 'delete':
        return assert.equal(await backend.delete(step.id), this.model.forget(step.id));
      case 'clear': {
        const ids = [...this.model.results.keys()];
        assert.equal(await backend.clear(), ids.length);
        for (const id of ids) this.model.forget(id);
        return;
      }
      case 'wait': {
        const result = this.model.results.get(step.id);
        return this.#waits.begin(store, step.id, result && { final: isFinal(result.status) });
      }
      case 'list': {
        const { status, limit, offset } = step;
        const page = await store.listByStatus(status, { limit, offset });
        const expected = this.model.list(status).slice(offset, offset + limit);
        return assert.deepEqual(
          page.map(({ taskId }) => taskId),
          expected,
          JSON.stringify(step),
        );
      }
      default:
        return checkManaging(broker, this.model, step);
    }
  }

  async #passTime(ms: number): Promise<void> {
    await this.world.advance(ms);
    this.model.advance(ms);
  }

  async #submits({ messages, again }: StepOf<'submit'>): Promise<void> {
    const first = this.model.offered;
    const tasks = messages.map((one, i) => ({ ...toMessage(one), payload: payloadOf(first + i) }));
    for (let i = 0; i < (again ? 2 : 1); i++) {
      const known = this.model.push(messages);
      assert.deepEqual(await whetherKnown(this.world.store.submit(tasks)), known, 'which ids were known');
    }
    // So that no two calls are of the same moment, by which the tasks of one id are told apart.
    await this.#passTime(1);
  }

  async #claims(step: StepOf<'claim'>): Promise<void> {
    const { queue, lane, count, alone, leaseMs, worker } = step;
    const mayGo = this.model.overtaken().filter((one) => one.queue === queue && one.lane === lane);
    const { lastChance } = this.model.waiting(queue, lane);
    const reply = await this.#storeOf(worker).claim({ queue, lane, count, alone, leaseMs, worker });
    const held = mayGo.length === 0 ? [] : await this.world.store.holds(mayGo.map(({ id }) => id));
    const gone = mayGo.filter((_, i) => !held[i]);
    for (const one of gone) this.model.acknowledgeUnseen(one);
    if (gone.some((one) => lastChance.includes(one)) && alone) {
      assert.deepEqual(reply.claims, [], 'The last chance is handed out by itself.');
    } else {
      checkClaim(this.model, { ...step, count: count - gone.length }, reply);
    }
    for (const task of reply.claims) {
      const { id } = task.lease;
      this.#tasks.set(task.lease, task);
      assert.equal(task.payload, payloadOf(this.model.messages.get(id)?.order ?? -1));
      assert.equal(task.worker, worker);
    }
  }

  /** What a worker does with a task that it holds, or held once. */
  async #holds(step: StepOf<'extend' | 'progress' | 'retry' | 'release' | 'finish'>): Promise<void> {
    const lease = this.model.latestLease(step.held);
    const task = lease && this.#tasks.get(lease);
    if (!task) return;
    const store = this.#storeOf(task.worker);
    if (step.do === 'extend') {
      assert.deepEqual(await store.extend([lease], step.leaseMs), [this.model.extend(lease, step.leaseMs)]);
    } else if (step.do === 'finish') {
      await this.#finishes(store, task, step);
    } else if (step.do === 'release') {
      const runAt = step.delay === 0 ? null : { after: step.delay };
      for (let i = 0; i < (step.again ? 2 : 1); i++) {
        const released = await store.release(task, { runAt, reason: step.reason });
        assert.equal(released, this.model.release(lease, step.delay, step.reason));
      }
    } else if (task.verdict === 'run') {
      await this.#runs(store, task, step);
    }
  }

  async #runs(store: TaskStore, task: ClaimedTask, step: StepOf<'progress' | 'retry'>): Promise<void> {
    if (step.do === 'progress') {
      const progress = this.#texts++;
      const kept = await store.reportProgress(task, JSON.stringify(progress));
      return assert.equal(kept, this.model.reportProgress(task.lease, progress, task.leaseMs));
    }
    const error = { name: 'Error', message: this.#text('error') };
    for (let i = 0; i < (step.again ? 2 : 1); i++) {
      const retried = await store.retry(task, { runAt: { after: step.delay }, error });
      assert.equal(retried, this.model.retry(task.lease, step.delay, error.message));
    }
  }

  async #finishes(store: TaskStore, task: ClaimedTask, step: StepOf<'finish'>): Promise<void> {
    const { status, again } = step;
    const outcome = {
      status,
      text: this.#text(status),
      progress: this.#texts,
      dead: step.dead && status !== 'success',
    };
    const accepted = this.model.finish(task.lease, outcome);
    for (let i = 0; i < (again ? 2 : 1); i++) assert.equal(await store.finish(task, toOutcome(outcome)), accepted);
  }

  /** A result of somebody who holds no lease. */
  async #storesResult({ id, status }: StepOf<'store'>): Promise<void> {
    const message = this.model.messages.get(id);
    const live = message !== undefined && message.state !== 'dead';
    if (live && !isFinal(status)) return;
    // Fused, such a message leaves its entry behind, which counts as waiting until a claim passes it.
    if (live && message.state !== 'running' && !this.world.joined) return;
    const fence = status === 'pending' ? 0 : (message?.leases.at(-1)?.fence ?? 0) + 1;
    const result: ModelResult = {
      status,
      order: -1,
      queue: ELSEWHERE,
      attempt: 1,
      fence,
      submittedAt: live ? message.pushedAt : this.model.now,
      startedAt: null,
      finishedAt: isFinal(status) ? this.model.now : null,
      worker: null,
      progress: null,
      error: status === 'failed' || status === 'cancelled' ? this.#text('error') : null,
      value: status === 'success' ? this.#text('value') : null,
    };
    const stored = await this.world.backend.store(id, toResult(id, result, this.#epoch));
    assert.equal(stored, this.model.store(id, result));
    await this.#passTime(1);
  }

  #text(what: string): string {
    return `${what} ${this.#texts++}`;
  }

  #storeOf(worker: string): TaskStore {
    return this.#stores[worker] ?? this.world.store;
  }
}
