import assert from 'node:assert/strict';
import { type BaseSchedulerBackend, type StoreContext, sleep, systemClock } from '@flowrra/core';
import { createSuite, type DefinePromise, required, type TestRunner } from '@flowrra/core/conformance';
import { advancing } from './advancing.js';
import { applying } from './applying.js';
import { claiming } from './claiming.js';
import { closing } from './closing.js';
import { damage } from './damage.js';
import { definitions } from './definitions.js';
import { dueness } from './dueness.js';
import { hearing } from './hearing.js';
import { history } from './history.js';
import { listing } from './listing.js';
import { racing } from './racing.js';
import { sameAnswers } from './same-answers.js';
import { staleness } from './staleness.js';
import { storing } from './storing.js';
import { submitting } from './submitting.js';
import { updating } from './updating.js';

/** One store under test and what can be done to it; what is optional and missing is listed in the subject's `without`. */
export interface SchedulerBackendWorld {
  /** Opened, and empty. */
  readonly backend: BaseSchedulerBackend;
  /** What the backends of this world are opened with. */
  readonly context: StoreContext;
  /** Another opened backend on the same schedules, as another process would have it. */
  another?(): Promise<BaseSchedulerBackend>;
  /** Moves the store's clock, which else stands still, and that of the context on by milliseconds. */
  advance?(ms: number): Promise<void>;
  /** Spoils the stored arguments of a schedule, such as by a text that is no JSON, or by `{}`, which is no list. */
  damage?(id: string): Promise<void>;
  /** Milliseconds of real time within which a change by another backend is heard of; default 8,000. */
  readonly noticeWithin?: number | undefined;
  /** Closes every backend of this world and removes its data. */
  close(): Promise<void>;
}

/** What a subject may be unable to do; `claims` is the backend's own `supports`: the ledger methods. */
export type SchedulerBackendNeed = 'claims' | 'another' | 'advance' | 'damage';

/** A backend to be proved. */
export interface SchedulerBackendSubject {
  create(): Promise<SchedulerBackendWorld>;
  /** What cannot be checked; each is named in the output, and fails when it can be checked after all. */
  without?: readonly SchedulerBackendNeed[] | undefined;
}

/** What a promise of this suite works with: the world, with every hook in place. */
export interface SchedulerBackendFixture extends Required<Omit<SchedulerBackendWorld, 'noticeWithin'>> {
  /** The store's clock. */
  now(): Promise<Date>;
  /** Fails when the wait does not end in time. */
  hears(waiting: Promise<void>, what: string): Promise<void>;
}

export type SchedulerBackendPromise = DefinePromise<SchedulerBackendFixture, SchedulerBackendNeed, object>;

/**
 * Proves that a backend keeps every promise of `BaseSchedulerBackend`. Give a test 20 s: where a store is asked every
 * five seconds whether something changed, hearing of it takes its time.
 *
 * @example
 * import { describe, it } from 'vitest';
 * describe('FileSchedulerBackend', () =>
 *   describeSchedulerBackend({ describe, it }, {
 *     without: ['claims', 'another', 'advance', 'damage'],
 *     async create() {
 *       const context = { clock: systemClock, logger: consoleLogger };
 *       const backend = new FileSchedulerBackend(await temporaryFolder());
 *       await backend.open(context);
 *       return { backend, context, close: () => backend.close() };
 *     },
 *   }));
 */
export function describeSchedulerBackend(runner: TestRunner, subject: SchedulerBackendSubject): void {
  const { theme } = createSuite<SchedulerBackendFixture, SchedulerBackendNeed, object>(runner, {
    without: subject.without ?? [],
    create: async () => createFixture(await subject.create()),
    can: (need) => can(subject, need),
  });
  theme('storing and reading', storing);
  theme('changing', updating);
  theme('listing', listing);
  theme('finding by definition', definitions);
  theme('what is due', dueness);
  theme('claiming', claiming);
  theme('what a claim makes of a schedule', advancing);
  theme('claiming what has changed', staleness);
  theme('submitting', submitting);
  theme('the ledger', history);
  theme('several changes at once', applying);
  theme('races', racing);
  theme('everything together', sameAnswers);
  theme('damaged rows', damage);
  theme('hearing of changes', hearing);
  theme('closing', closing);
}

function createFixture(world: SchedulerBackendWorld): SchedulerBackendFixture {
  const { backend, context, noticeWithin = 8_000 } = world;
  return {
    backend,
    context,
    another: required(world.another?.bind(world), 'another'),
    advance: required(world.advance?.bind(world), 'advance'),
    damage: required(world.damage?.bind(world), 'damage'),
    now: async () => (await backend.dueTimes()).now,
    hears: (waiting, what) => hears(waiting, what, noticeWithin, async (ms) => world.advance?.(ms)),
    close: () => world.close(),
  };
}

async function hears(
  waiting: Promise<void>,
  what: string,
  noticeWithin: number,
  passTime: (ms: number) => Promise<void>,
): Promise<void> {
  let heard = false;
  const heardIt = waiting.then(() => {
    heard = true;
  });
  for (let waited = 0; !heard && waited < noticeWithin; waited += 20) {
    await passTime(1_000);
    await Promise.race([heardIt, sleep(systemClock, 20)]);
  }
  assert.ok(heard, `${what} was not heard of within ${noticeWithin} ms.`);
}

async function can(subject: SchedulerBackendSubject, need: SchedulerBackendNeed): Promise<boolean> {
  const world = await subject.create();
  try {
    return need === 'claims' ? world.backend.supports.claims : world[need] !== undefined;
  } finally {
    await world.close();
  }
}
