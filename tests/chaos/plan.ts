import type { Role } from './actors.js';
import type { Fault } from './faults/fault.js';
import { FAULTS, type FaultKind, PROCESS_AND_LINK_FAULTS, SERVER_FAULTS } from './faults/index.js';
import type { LoadKind } from './history/entries.js';
import { seededRandom } from './random.mjs';

export const ENGINES = ['sqlite', 'postgresql', 'mysql'] as const;
export type Engine = (typeof ENGINES)[number];

/** Everything that a run does, besides what the machine adds. */
export interface ChaosPlan {
  readonly seed: number;
  /** One Redis for messages and results, or one for each. */
  readonly stores: 'fused' | 'split';
  readonly engine: Engine;
  readonly posts: Readonly<Record<Role, number>>;
  readonly load: Load;
  readonly schedules: number;
  /** Tracks of faults, which run side by side; in each, one after the other. */
  readonly faults: readonly Iterable<Fault>[];
  /** Whether the first worker and the first scheduler live for the whole run, so that their memory can be looked at. */
  readonly soak: boolean;
  /** By how many milliseconds the clock of each worker and scheduler is wrong, in turn. */
  readonly skews: readonly number[];
  /** How long results are kept, in milliseconds; null: for ever. */
  readonly ttl: number | null;
  /** After the last fault, milliseconds in which something must have moved, or everything has ended; see run.ts. */
  readonly drain: number;
  /** A change that is made to the product's code, to see that it is noticed. */
  readonly planted?: PlantedBug | undefined;
}

export interface Load {
  /** Tasks a second of each producer. */
  readonly rate: number;
  /** How often each kind of task comes, beside the others. */
  readonly mix: Readonly<Partial<Record<LoadKind, number>>>;
  /** Tasks of each producer that kill their worker. */
  readonly poison: number;
  /** Share of the tasks that are submitted once more though they were accepted. */
  readonly repeats: number;
  /** Share of the tasks that their producer awaits, and that a reader watches. */
  readonly waits: number;
  readonly reads: number;
}

/** Places of a built package, and what stands there instead. */
export interface PlantedBug {
  readonly package: string;
  readonly edits: readonly { readonly find: string; readonly replace: string }[];
}

const HOUR = 3_600_000;
const FAULTS_PER_TRACK = 5;

/** What all plans have, unless they say otherwise. */
export const PLAN: ChaosPlan = {
  seed: 1,
  stores: 'fused',
  engine: 'sqlite',
  posts: { worker: 3, scheduler: 2, reader: 1, producer: 2 },
  load: { rate: 45, mix: { work: 30, flaky: 4, fails: 1, long: 1 }, poison: 1, repeats: 0.03, waits: 0.4, reads: 0.3 },
  schedules: 30,
  faults: [],
  soak: false,
  skews: [],
  ttl: null,
  drain: 40_000,
};

/** What a seed stands for. Seeds in a row visit all stores and engines in turn. */
export function planOf(seed: number): ChaosPlan {
  const random = seededRandom(seed);
  const some = (kinds: readonly FaultKind[]): Fault[] =>
    Array.from({ length: FAULTS_PER_TRACK }, () => FAULTS[random.pick(kinds)]);
  return {
    ...PLAN,
    seed,
    stores: seed % 2 === 0 ? 'split' : 'fused',
    engine: ENGINES[seed % ENGINES.length] ?? 'sqlite',
    faults: [some(SERVER_FAULTS), some(PROCESS_AND_LINK_FAULTS)],
    skews: [0, random.pick([0, HOUR]), random.pick([0, -HOUR])],
  };
}

/** Every kind of fault once, in two plans: on one Redis and PostgreSQL, and on two Redis servers and MariaDB. */
export function everyFaultOnce(): ChaosPlan[] {
  const half = (kinds: readonly FaultKind[], which: number): Fault[] =>
    kinds.filter((_kind, i) => i % 2 === which).map((kind) => FAULTS[kind]);
  return ([1, 2] as const).map((seed) => ({
    ...PLAN,
    seed,
    stores: seed === 1 ? 'fused' : 'split',
    engine: seed === 1 ? 'postgresql' : 'mysql',
    faults: [half(SERVER_FAULTS, seed - 1), half(PROCESS_AND_LINK_FAULTS, seed - 1)],
    skews: [0, HOUR, -HOUR],
  }));
}

/**
 * Faults for so long, on stores that forget what ended a while ago: whatever grows is a leak. Nothing kills the producer,
 * so that it can tell of every task.
 */
export function soakPlan(seed: number, ms: number): ChaosPlan {
  const random = seededRandom(seed);
  const end = performance.now() + ms;
  function* someUntilTheEnd(kinds: readonly FaultKind[]): Generator<Fault> {
    while (performance.now() < end) yield FAULTS[random.pick(kinds)];
  }
  return {
    ...planOf(seed),
    posts: { worker: 3, scheduler: 2, reader: 1, producer: 1 },
    load: { ...PLAN.load, rate: 40, poison: 0, waits: 1 },
    faults: [someUntilTheEnd(SERVER_FAULTS), someUntilTheEnd(PROCESS_AND_LINK_FAULTS)],
    soak: true,
    ttl: 60_000,
  };
}
