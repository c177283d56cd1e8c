import type { BaseResultBackend } from '../../backends/base-result-backend.js';
import type { BaseBroker } from '../../brokers/base-broker.js';
import type { BrokerPolicy } from '../../brokers/broker-policy.js';
import type { Logger } from '../../logger.js';
import type { TaskStore } from '../../stores/task-store.js';
import { createRecordingLogger, type RecordingLogger } from '../expectations.js';
import { createSuite, type DefinePromise, required, type TestRunner } from '../suite.js';
import { ending } from './ending.js';
import { listing } from './listing.js';
import { removing } from './removing.js';
import { repeating } from './repeating.js';
import { running } from './running.js';
import { staleness } from './staleness.js';
import { submitting } from './submitting.js';
import { waiting } from './waiting.js';

/** What a store under test must be set up with. */
export interface TaskStoreSettings {
  /** Of the broker; what is absent has its default. */
  readonly policy: Partial<BrokerPolicy>;
  /** Of the backend: milliseconds from the final status; null keeps results for ever. */
  readonly ttl: number | null;
  /** Goes into the contexts of broker, backend and store. */
  readonly logger: Logger;
}

/** A broker and a backend under test, joined or fused. */
export interface TaskStoreWorld {
  readonly store: TaskStore;
  readonly broker: BaseBroker;
  readonly backend: BaseResultBackend;
  /** Moves the clocks of both stores on by milliseconds, and with them what is done by time. */
  advance?(ms: number): Promise<void>;
  /** Another store on the same data, as another process would have it. */
  second?(): Promise<TaskStore>;
  /** Closes everything in this world and removes its data. */
  close(): Promise<void>;
}

/** What a subject may be unable to do; the last five are `supports` of the backend and the broker. */
export type TaskStoreNeed =
  | 'advance'
  | 'second'
  | 'ttl'
  | 'delete'
  | 'clear'
  | 'listByStatus'
  | 'deadLetters'
  | 'purge';

/** A store to be proved. */
export interface TaskStoreSubject {
  /** A new world. Rejects when a `ttl` is asked for and the backend has none (then `without` says `ttl`). */
  create(settings: TaskStoreSettings): Promise<TaskStoreWorld>;
  /** What cannot be checked; each is named in the output, and fails when it can be checked after all. */
  without?: readonly TaskStoreNeed[] | undefined;
}

/** What a promise of this suite works with: the world, with every hook in place, and what was logged. */
export type TaskStoreFixture = Required<TaskStoreWorld> & {
  readonly logger: RecordingLogger;
  /** Moves time on where the world can; elsewhere time passes by itself. */
  passTime(ms: number): Promise<void>;
};
export type TaskStorePromise = DefinePromise<TaskStoreFixture, TaskStoreNeed, Partial<TaskStoreSettings>>;

/**
 * Proves that a broker and a backend keep the promises of `TaskStore` together, joined or fused. Run it for every pair
 * that your users may build.
 *
 * @example
 * describe('MyBroker with InMemoryBackend', () =>
 *   describeTaskStore({ describe, it }, {
 *     async create({ policy, ttl, logger }) {
 *       …
 *       const store = (await broker.fuse(backend)) ?? new JoinedTaskStore(broker, backend, { clock, logger });
 *       return { store, broker, backend, close };
 *     },
 *     without: ['advance', 'second'],
 *   }));
 */
export function describeTaskStore(runner: TestRunner, subject: TaskStoreSubject): void {
  const { theme } = createSuite<TaskStoreFixture, TaskStoreNeed, TaskStoreSettings>(runner, {
    without: subject.without ?? [],
    create: (settings) => createFixture(subject, settings),
    can: (need) => can(subject, need),
  });
  theme('submitting', submitting);
  theme('running', running);
  theme('ending', ending);
  theme('trying again', repeating);
  theme('workers that lost their task', staleness);
  theme('waiting for a task', waiting);
  theme('listing tasks', listing);
  theme('removing results', removing);
}

async function createFixture(
  subject: TaskStoreSubject,
  settings: Partial<TaskStoreSettings>,
): Promise<TaskStoreFixture> {
  const logger = createRecordingLogger();
  const world = await subject.create({ policy: {}, ttl: null, logger, ...settings });
  return {
    store: world.store,
    broker: world.broker,
    backend: world.backend,
    logger,
    advance: required(world.advance, 'advance'),
    passTime: async (ms) => world.advance?.(ms),
    second: required(world.second, 'second'),
    close: () => world.close(),
  };
}

async function can(subject: TaskStoreSubject, need: TaskStoreNeed): Promise<boolean> {
  let world: TaskStoreWorld;
  try {
    world = await subject.create({ policy: {}, ttl: need === 'ttl' ? 1_000 : null, logger: createRecordingLogger() });
  } catch (err) {
    if (need === 'ttl') return false;
    throw err;
  }
  try {
    if (need === 'ttl') return true;
    if (need === 'deadLetters' || need === 'purge') return world.broker.supports[need];
    if (need === 'advance' || need === 'second') return world[need] !== undefined;
    return world.backend.supports[need];
  } finally {
    await world.close();
  }
}
