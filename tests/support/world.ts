import { randomUUID } from 'node:crypto';
import { InMemoryBackend, InMemoryBroker } from '@flowrra/backend-memory';
import { RedisBackend, RedisBroker } from '@flowrra/backend-redis';
import { type BaseBroker, type BrokerConfig, type Config, Flowrra } from '@flowrra/core';
import { inject, onTestFinished } from 'vitest';
import { silentLogger } from './silent-logger.js';

export { silentLogger };

/** The ways of keeping results and messages that every promise of the app is tested on. */
export const STORES = [
  'memory',
  'redis',
  'redis messages, memory results',
  'memory messages, redis results',
  'two redis databases',
] as const;
export type StoreName = (typeof STORES)[number];

type BrokerOptions = Pick<BrokerConfig, 'maxQueueSize' | 'dedupeWindow' | 'maxCrashes'>;

/** One set of stores, with as many apps on it as a test wants. Everything ends with the test. */
export interface World {
  /** Another app on the same stores. */
  app(config?: Config): Flowrra;
  /** Removes all results, whatever the apps know of them. */
  clearResults(): Promise<unknown>;
  /** The broker that they share. */
  readonly broker: BaseBroker;
  /** Whether two of its apps could live in two processes. */
  readonly shared: boolean;
}

export function openWorld(name: StoreName, broker: BrokerOptions = {}): World {
  const stores = createStores(name, `test-${randomUUID()}`, broker);
  const apps: Flowrra[] = [];
  onTestFinished(async () => {
    await Promise.all(apps.map((app) => app.stop({ grace: 0 })));
    await stores.backend.clear();
    await stores.broker.close();
    await stores.backend.close();
  });
  return {
    broker: stores.broker,
    shared: name === 'redis' || name === 'two redis databases',
    clearResults: () => stores.backend.clear(),
    app(config = {}) {
      const { executor, ...rest } = config;
      const app = new Flowrra({
        ...stores,
        logger: silentLogger,
        executor: { pollInterval: 100, ...executor },
        ...rest,
      });
      apps.push(app);
      return app;
    },
  };
}

function createStores(name: StoreName, keyPrefix: string, options: BrokerOptions) {
  const redis = (db: number) => `${inject('redisUrl')}/${db}`;
  const redisBackend = (db: number) => new RedisBackend(redis(db), { keyPrefix });
  const redisBroker = () => new RedisBroker(redis(0), { keyPrefix, ...options });
  switch (name) {
    case 'memory':
      return { backend: new InMemoryBackend(), broker: new InMemoryBroker(options) };
    case 'redis':
      return { backend: redisBackend(0), broker: redisBroker() };
    case 'redis messages, memory results':
      return { backend: new InMemoryBackend(), broker: redisBroker() };
    case 'memory messages, redis results':
      return { backend: redisBackend(0), broker: new InMemoryBroker(options) };
    case 'two redis databases':
      return { backend: redisBackend(1), broker: redisBroker() };
  }
}

/** A promise, and its ends in the test's hands. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
