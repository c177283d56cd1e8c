import type { BaseResultBackend } from '../../backends/base-result-backend.js';
import type { Logger } from '../../logger.js';
import { createRecordingLogger, type RecordingLogger } from '../expectations.js';
import { createSuite, type DefinePromise, required, type TestRunner } from '../suite.js';
import { closing } from './closing.js';
import { expiring } from './expiring.js';
import { listing } from './listing.js';
import { removing } from './removing.js';
import { replacing } from './replacing.js';
import { storing } from './storing.js';
import { waiting } from './waiting.js';

/** What a backend under test must be set up with. */
export interface ResultBackendSettings {
  /** Milliseconds from the final status; null keeps results for ever. */
  readonly ttl: number | null;
  /** Goes into the context of `open`. */
  readonly logger: Logger;
}

/** One backend under test and what can be done to it; what is optional and missing is listed in the subject's `without`. */
export interface ResultBackendWorld {
  /** Opened, and empty. */
  readonly backend: BaseResultBackend;
  /** Moves the store's clock on by milliseconds, and with it what the backend does by time. */
  advance?(ms: number): Promise<void>;
  /** Another opened backend on the same results, as another process would have it. */
  second?(): Promise<BaseResultBackend>;
  /** An opened backend on the same server, in another namespace. */
  neighbour?(): Promise<BaseResultBackend>;
  /** Spoils the stored record of a task. */
  damage?(taskId: string, how: 'truncated' | 'unknown-status'): Promise<void>;
  /** What waits that have ended left behind (listeners, timers, channels), by name; nothing, that is. */
  leftovers?(): Promise<readonly string[]>;
  /** Closes every backend of this world and removes its data. */
  close(): Promise<void>;
}

/** What a subject may be unable to do; the last three are the backend's own `supports`. */
export type ResultBackendNeed =
  | 'advance'
  | 'second'
  | 'neighbour'
  | 'damage'
  | 'leftovers'
  | 'ttl'
  | 'delete'
  | 'clear'
  | 'listByStatus';

/** A backend to be proved. */
export interface ResultBackendSubject {
  /** A new world. Rejects when a `ttl` is asked for and the backend has none (then `without` says `ttl`). */
  create(settings: ResultBackendSettings): Promise<ResultBackendWorld>;
  /** What cannot be checked; each is named in the output, and fails when it can be checked after all. */
  without?: readonly ResultBackendNeed[] | undefined;
}

/** What a promise of this suite works with: the world, with every hook in place, and what was logged. */
export type ResultBackendFixture = Required<ResultBackendWorld> & {
  readonly logger: RecordingLogger;
  /** Moves time on where the world can; elsewhere time passes by itself. */
  passTime(ms: number): Promise<void>;
};
export type ResultBackendPromise = DefinePromise<
  ResultBackendFixture,
  ResultBackendNeed,
  Partial<ResultBackendSettings>
>;

/**
 * Proves that a backend keeps every promise of `BaseResultBackend`.
 *
 * @example
 * import { describe, it } from 'vitest';
 * describe('FileBackend', () =>
 *   describeResultBackend({ describe, it }, {
 *     without: ['advance', 'ttl', 'delete', 'clear', 'listByStatus', 'second', 'neighbour', 'damage', 'leftovers'],
 *     async create({ logger }) {
 *       const backend = new FileBackend(await temporaryFolder());
 *       await backend.open({ clock: systemClock, logger });
 *       return { backend, close: () => backend.close() };
 *     },
 *   }));
 */
export function describeResultBackend(runner: TestRunner, subject: ResultBackendSubject): void {
  const { theme } = createSuite<ResultBackendFixture, ResultBackendNeed, ResultBackendSettings>(runner, {
    without: subject.without ?? [],
    create: (settings) => createFixture(subject, settings),
    can: (need) => can(subject, need),
  });
  theme('storing and reading', storing);
  theme('which result stands', replacing);
  theme('waiting', waiting);
  theme('removing', removing);
  theme('listing by status', listing);
  theme('time to live', expiring);
  theme('closing', closing);
}

async function createFixture(
  subject: ResultBackendSubject,
  settings: Partial<ResultBackendSettings>,
): Promise<ResultBackendFixture> {
  const logger = createRecordingLogger();
  const world = await subject.create({ ttl: null, logger, ...settings });
  return {
    backend: world.backend,
    logger,
    advance: required(world.advance, 'advance'),
    passTime: async (ms) => world.advance?.(ms),
    second: required(world.second, 'second'),
    neighbour: required(world.neighbour, 'neighbour'),
    damage: required(world.damage, 'damage'),
    leftovers: required(world.leftovers, 'leftovers'),
    close: () => world.close(),
  };
}

async function can(subject: ResultBackendSubject, need: ResultBackendNeed): Promise<boolean> {
  const logger = createRecordingLogger();
  let world: ResultBackendWorld;
  try {
    world = await subject.create({ ttl: need === 'ttl' ? 1_000 : null, logger });
  } catch (err) {
    if (need === 'ttl') return false;
    throw err;
  }
  try {
    if (need === 'ttl') return true;
    if (need === 'delete' || need === 'clear' || need === 'listByStatus') return world.backend.supports[need];
    return world[need] !== undefined;
  } finally {
    await world.close();
  }
}
