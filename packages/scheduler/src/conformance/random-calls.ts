import type {
  BaseSchedulerBackend,
  Firing,
  NewFiring,
  ScheduleChange,
  ScheduledTask,
  SlotDecision,
} from '@flowrra/core';
import { decision, INSTANT, later, schedule, slotOf } from './sample-schedules.js';

type Method = Exclude<keyof BaseSchedulerBackend, 'supports' | 'open' | 'close' | 'waitForChange' | symbol>;

/** One call of a backend, and how to write it down. */
export interface Call {
  readonly text: string;
  on(backend: BaseSchedulerBackend): Promise<unknown>;
}

/** What calls can be about: few ids, so that they meet. */
export const IDS = ['a', 'A', 'b', 'c'] as const;
const TASKS = ['x', 'y', 'X'];
const TEXTS = [null, '', 'plain', 'Ünï 100%', 'a_b!\nc ', "it's \\ ?"];
const LISTS = [[], [1], [{ b: 1, a: [2] }], [{ a: [2], b: 1 }], [null, 0.1, 1e21, '🚀']];
const RECORDS = [null, {}, { b: 1, a: 2 }, { a: 2, b: 1 }];

/** Draws calls that a scheduler, an operator or a fault could make, about schedules as they are or as they were. */
export class RandomCalls {
  readonly #random: () => number;
  readonly #versions = new Map<string, ScheduledTask[]>();
  #firings: readonly Firing[] = [];
  #created = 0;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  /** Takes note of what is stored now. */
  saw(tasks: readonly ScheduledTask[], firings: readonly Firing[]): void {
    for (const task of tasks) this.#versions.set(task.id, [task, ...(this.#versions.get(task.id) ?? [])].slice(0, 4));
    this.#firings = firings;
  }

  next(): Call {
    const draw = this.#pick(
      [
        this.#creation,
        this.#creation,
        this.#edit,
        this.#run,
        this.#removal,
        this.#claim,
        this.#claim,
        this.#claim,
        this.#changes,
      ],
      [this.#mark, this.#mark, this.#prune, this.#query, this.#query, this.#query, this.#query],
    );
    return draw();
  }

  readonly #creation = () => call('create', this.#newSchedule());
  readonly #edit = () => call('update', { ...this.#version(), ...this.#fields() });
  readonly #run = () => call('updateRunTimes', this.#pick(IDS), this.#instant(), this.#instantOrNull());
  readonly #removal = () => (this.#chance(0.1) ? call('clear') : call('delete', this.#pick(IDS)));
  readonly #claim = () =>
    call(
      'claimDue',
      this.#several(() => this.#decision()),
      { node: this.#pick(['node-1', 'node-2']) },
    );
  readonly #changes = () =>
    call(
      'applyChanges',
      this.#several(() => this.#change()),
    );
  readonly #prune = () =>
    call('pruneFirings', { olderThan: this.#pick([0, 1_000, 3_000, 1e9]), keep: this.#pick([0, 1, 2, 5]) });

  readonly #mark = () => {
    const state = this.#pick(['submitted', 'skipped', 'unknown'] as const);
    const firings = this.#several(() => this.#pick(this.#firings));
    return call('markFirings', this.#firings.length > 0 ? firings : [], { state, reason: this.#pick(TEXTS) });
  };

  readonly #query = () => {
    const exceptTasks = this.#several(() => this.#pick(TASKS));
    const page = { limit: this.#pick([0, 1, 2, null]), offset: this.#pick([0, 0, 1]) };
    const [limit, olderThan] = [this.#pick([0, 1, 2, 100]), this.#pick([0, 1_000])];
    const { taskName, owner, enabled, args, kwargs } = { ...schedule('any'), ...this.#fields() };
    const text = this.#pick(['', 'A', 'ünï', '%', '_', '\n', '!', '\\', "'", ' ', 'x']);
    const filter = this.#pick([{ text }, { taskName }, { owner }, { enabled }, { text, enabled, owner }]);
    return this.#pick([
      call('get', this.#pick(IDS)),
      call('listEnabled'),
      call('listDue', this.#instant()),
      call('listDue'),
      call('findByDefinition', taskName, 'interval', '60000', args, kwargs),
      call('dueTimes', { exceptTasks }),
      call('readDue', { exceptTasks, limit }),
      call('unsubmittedFirings', { exceptTasks, limit, olderThan }),
      call('listFirings', this.#pick(IDS), page),
      call('listMatching', { ...filter, ...page }),
    ]);
  };

  #decision(): SlotDecision {
    const task = this.#version();
    const firings = this.#several(() => this.#firing(task));
    // A schedule only ever moves on, or stays where it is for a trigger by hand.
    const nextRun = this.#chance(0.8) ? task.nextRun && later(task.nextRun, this.#pick([0, 1_000, 7_000])) : null;
    return decision(task, { nextRun, error: this.#pick(TEXTS), firings });
  }

  #firing(task: ScheduledTask): NewFiring {
    const kind = this.#pick(['slot', 'slot', 'manual', 'passed-over'] as const);
    const [slot, state] = [this.#instant(), this.#pick(['claimed', 'claimed', 'skipped'] as const)];
    const range = kind === 'passed-over' ? { until: later(slot, 1), count: 2 } : {};
    return slotOf(task, slot, { kind, state, reason: state === 'skipped' ? this.#pick(TEXTS) : null, ...range });
  }

  #change(): ScheduleChange {
    if (this.#chance(0.4)) return { before: null, after: this.#newSchedule() };
    const before = this.#version();
    return { before, after: this.#chance(0.3) ? null : { ...before, ...this.#fields() } };
  }

  #newSchedule(): ScheduledTask {
    return schedule(this.#pick(IDS), { ...this.#fields(), incarnation: `incarnation-${++this.#created}` });
  }

  /** A schedule as it is, or, less often, as it was. */
  #version(): ScheduledTask {
    const id = this.#pick(IDS);
    const versions = this.#versions.get(id) ?? [schedule(id)];
    return versions[this.#chance(0.75) ? 0 : Math.floor(this.#random() * versions.length)] ?? schedule(id);
  }

  #fields(): Partial<ScheduledTask> {
    const all: Partial<ScheduledTask> = {
      nextRun: this.#instantOrNull(),
      taskName: this.#pick(TASKS),
      enabled: this.#chance(0.7),
      owner: this.#pick([null, 'team', 'Team']),
      description: this.#pick(TEXTS),
      args: this.#pick(LISTS),
      kwargs: this.#pick(RECORDS),
      createdAt: this.#instant(),
      error: this.#pick(TEXTS),
      runCount: this.#pick([0, 3, 2 ** 31]),
      catchUp: this.#pick(['latest', 'skip', { all: 3 }] as const),
    };
    return Object.fromEntries(Object.entries(all).filter(() => this.#chance(0.5)));
  }

  #instant(): Date {
    return later(INSTANT, Math.floor(this.#random() * 13 - 5) * 1_000);
  }

  #instantOrNull(): Date | null {
    return this.#chance(0.8) ? this.#instant() : null;
  }

  #several<Item>(draw: () => Item): Item[] {
    return Array.from({ length: Math.floor(this.#random() * 4) }, draw);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<Item>(...lists: (readonly Item[])[]): Item {
    const items = lists.flat() as Item[];
    return items[Math.floor(this.#random() * items.length)] as Item;
  }
}

function call<M extends Method>(method: M, ...args: Parameters<BaseSchedulerBackend[M]>): Call {
  return {
    text: `${method}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
    // What TypeScript cannot follow: these are the parameters of this very method.
    on: (backend) => (backend[method] as (...args: unknown[]) => Promise<unknown>)(...args),
  };
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
