import type { BaseBroker, BrokerSupport } from '../../brokers/base-broker.js';
import type { BrokerPolicy } from '../../brokers/broker-policy.js';
import type { Logger } from '../../logger.js';
import { createRecordingLogger, type RecordingLogger } from '../expectations.js';
import { createSuite, type DefinePromise, required, type TestRunner } from '../suite.js';
import { cancelling } from './cancelling.js';
import { claiming } from './claiming.js';
import { crashing } from './crashing.js';
import { deadLetters } from './dead-letters.js';
import { delaying } from './delaying.js';
import { knownIds } from './known-ids.js';
import { leasing } from './leasing.js';
import { limiting } from './limiting.js';
import { managing } from './managing.js';
import { pushing } from './pushing.js';
import { releasing } from './releasing.js';
import { reusing } from './reusing.js';
import { signalling } from './signalling.js';
import { stayingOpen } from './staying-open.js';

/** What a broker under test must be set up with. */
export interface BrokerSettings {
  /** What is absent has its default. */
  readonly policy: Partial<BrokerPolicy>;
  /** Goes into the context of `open`. */
  readonly logger: Logger;
}

/** One broker under test and what can be done to it; what is optional and missing is listed in the subject's `without`. */
export interface BrokerWorld {
  /** Opened, and empty. */
  readonly broker: BaseBroker;
  /** Moves the store's clock on by milliseconds, and with it what the broker does by time. */
  advance?(ms: number): Promise<void>;
  /** Another opened broker on the same messages, as another process would have it. */
  second?(): Promise<BaseBroker>;
  /** Spoils the stored bytes of a waiting message, so that they are no message any more. */
  damage?(queue: string, id: string): Promise<void>;
  /** Removes what the store notes about the lease of a running message. */
  loseLease?(queue: string, id: string): Promise<void>;
  /** Closes every broker of this world and removes its data. */
  close(): Promise<void>;
}

const SUPPORTS = ['deadLetters', 'purge', 'pause', 'events', 'openClaims'] as const satisfies (keyof BrokerSupport)[];

/** What a subject may be unable to do; with the broker's own `supports`. */
export type BrokerNeed = 'advance' | 'second' | 'damage' | 'loseLease' | (typeof SUPPORTS)[number];

/** A broker to be proved. */
export interface BrokerSubject {
  create(settings: BrokerSettings): Promise<BrokerWorld>;
  /** What cannot be checked; each is named in the output, and fails when it can be checked after all. */
  without?: readonly BrokerNeed[] | undefined;
}

/** What a promise of this suite works with: the world, with every hook in place, and what was logged. */
export type BrokerFixture = Required<BrokerWorld> & {
  readonly logger: RecordingLogger;
  /** Moves time on where the world can; elsewhere time passes by itself. */
  passTime(ms: number): Promise<void>;
};
export type BrokerPromise = DefinePromise<BrokerFixture, BrokerNeed, Partial<BrokerSettings>>;

/**
 * Proves that a broker keeps every promise of `BaseBroker`. As `describeResultBackend`.
 *
 * @example
 * describe('MyBroker', () =>
 *   describeBroker({ describe, it }, {
 *     without: ['second', 'damage', 'loseLease', 'purge', 'pause', 'events', 'openClaims'],
 *     async create({ policy, logger }) {
 *       const clock = new ManualClock(); // of `@flowrra/core/testing`, for a store without a clock of its own
 *       const broker = new MyBroker(policy);
 *       await broker.open({ clock, logger });
 *       return { broker, advance: (ms) => clock.advance(ms), close: () => broker.close() };
 *     },
 *   }));
 */
export function describeBroker(runner: TestRunner, subject: BrokerSubject): void {
  const { theme } = createSuite<BrokerFixture, BrokerNeed, BrokerSettings>(runner, {
    without: subject.without ?? [],
    create: (settings) => createFixture(subject, settings),
    can: (need) => can(subject, need),
  });
  theme('taking messages in', pushing);
  theme('ids that are known', knownIds);
  theme('the size of a queue', limiting);
  theme('handing messages out', claiming);
  theme('delay and expiry', delaying);
  theme('leases', leasing);
  theme('putting messages back', releasing);
  theme('cancelling', cancelling);
  theme('using an id again', reusing);
  theme('workers that die', crashing);
  theme('dead letters', deadLetters);
  theme('purging, pausing, closing', managing);
  theme('waking and telling', signalling);
  theme('claims that stay open', stayingOpen);
}

async function createFixture(subject: BrokerSubject, settings: Partial<BrokerSettings>): Promise<BrokerFixture> {
  const logger = createRecordingLogger();
  const world = await subject.create({ policy: {}, logger, ...settings });
  return {
    broker: world.broker,
    logger,
    advance: required(world.advance, 'advance'),
    passTime: async (ms) => world.advance?.(ms),
    second: required(world.second, 'second'),
    damage: required(world.damage, 'damage'),
    loseLease: required(world.loseLease, 'loseLease'),
    close: () => world.close(),
  };
}

function isSupport(need: BrokerNeed): need is (typeof SUPPORTS)[number] {
  return (SUPPORTS as readonly BrokerNeed[]).includes(need);
}

async function can(subject: BrokerSubject, need: BrokerNeed): Promise<boolean> {
  const world = await subject.create({ policy: {}, logger: createRecordingLogger() });
  try {
    if (isSupport(need)) return world.broker.supports[need];
    return world[need] !== undefined;
  } finally {
    await world.close();
  }
}
