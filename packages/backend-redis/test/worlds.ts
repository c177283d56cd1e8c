import { randomUUID } from 'node:crypto';
import { InMemoryBackend } from '@flowrra/backend-memory';
import {
  type BaseBroker,
  type BaseResultBackend,
  JoinedTaskStore,
  type StoreContext,
  type TaskStore,
  type Timer,
} from '@flowrra/core';
import type {
  BrokerSettings,
  BrokerWorld,
  ResultBackendSettings,
  ResultBackendWorld,
  TaskStoreSettings,
  TaskStoreWorld,
} from '@flowrra/core/conformance';
import { ManualClock } from '@flowrra/core/testing';
import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { RedisBackend, RedisBroker } from '../src/index.js';

/** A manual clock that knows which of its timers are still running. */
export class CountingClock extends ManualClock {
  readonly #running = new Set<Timer>();

  get runningTimers(): number {
    return this.#running.size;
  }

  override after(ms: number, run: () => void): Timer {
    const inner = super.after(ms, () => {
      this.#running.delete(timer);
      run();
    });
    const timer = {
      cancel: () => {
        this.#running.delete(timer);
        inner.cancel();
      },
    };
    this.#running.add(timer);
    return timer;
  }
}

const OTHER_DATABASE = 1;

/** A namespace of its own on the run's Redis, by a clock that tests move. */
export class RedisWorld {
  readonly prefix = `suite-${randomUUID()}`;
  readonly clock = new CountingClock();
  readonly client = new Redis(redisForTests());
  readonly #opened: { close(): Promise<void> }[] = [];

  /** @param connect what the stores are given to connect by; by default the URL of the run's Redis */
  constructor(
    readonly logger: StoreContext['logger'],
    readonly connect: () => string | Redis = redisForTests,
  ) {}

  key(name: string): string {
    return `${this.prefix}:${name}`;
  }

  /** `database`: another one of the same server, by its number. */
  async backend(ttl: number | null = null, { keyPrefix = this.prefix, database = 0 } = {}): Promise<RedisBackend> {
    const url = Object.assign(new URL(redisForTests()), { pathname: `/${database}` });
    const target = database === 0 ? this.connect() : url.href;
    return this.#open(new RedisBackend(target, { ttl, keyPrefix, clock: this.clock }));
  }

  async broker(policy: BrokerSettings['policy']): Promise<RedisBroker> {
    return this.#open(new RedisBroker(this.connect(), { ...policy, keyPrefix: this.prefix, clock: this.clock }));
  }

  /** The channels that anybody listens to in this namespace. */
  async channels(): Promise<string[]> {
    // Redis answers PUBSUB CHANNELS with names.
    return (await this.client.pubsub('CHANNELS', `${this.prefix}*`)) as string[];
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((store) => store.close()));
    for (const database of [0, OTHER_DATABASE]) {
      await this.client.select(database);
      const keys = await this.client.keys(`${this.prefix}*`);
      if (keys.length > 0) await this.client.del(keys);
    }
    this.client.disconnect();
  }

  async #open<Store extends RedisBackend | RedisBroker>(store: Store): Promise<Store> {
    this.#opened.push(store);
    await store.open({ clock: this.clock, logger: this.logger });
    return store;
  }
}

export async function createBackendWorld({ ttl, logger }: ResultBackendSettings): Promise<ResultBackendWorld> {
  const world = new RedisWorld(logger);
  return {
    backend: await world.backend(ttl),
    advance: (ms) => world.clock.advance(ms),
    second: () => world.backend(ttl),
    neighbour: () => world.backend(ttl, { keyPrefix: `${world.prefix}-neighbour` }),
    async damage(taskId, how) {
      const key = world.key('tasks');
      const record = (await world.client.hget(key, taskId)) ?? '';
      const damaged = how === 'truncated' ? record.slice(0, -5) : record.replaceAll(/success|failed/g, 'perhaps');
      await world.client.hset(key, taskId, damaged);
    },
    async leftovers() {
      // Channels are given up a second after their last listener: the next one often comes at once.
      await vi.waitUntil(async () => (await world.channels()).length === 0, { timeout: 5_000 }).catch(() => {});
      return [...(await world.channels()), ...Array.from({ length: world.clock.runningTimers }, () => 'timer')];
    },
    close: () => world.close(),
  };
}

export async function createBrokerWorld({ policy, logger }: BrokerSettings): Promise<BrokerWorld> {
  const world = new RedisWorld(logger);
  return {
    broker: await world.broker(policy),
    advance: (ms) => world.clock.advance(ms),
    second: () => world.broker(policy),
    async damage(_queue, id) {
      await world.client.hset(world.key('tasks'), id, '{"no":');
    },
    async loseLease(_queue, id) {
      await world.client.hdel(world.key('active'), id);
    },
    close: () => world.close(),
  };
}

/** Broker and backend at one place, as one. */
export async function createFusedWorld(
  { policy, ttl, logger }: TaskStoreSettings,
  connect?: () => Redis,
): Promise<TaskStoreWorld & { redis: RedisWorld }> {
  const world = new RedisWorld(logger, connect);
  const open = async () => {
    const [broker, backend] = [await world.broker(policy), await world.backend(ttl)];
    return { broker, backend, store: await fuse(broker, backend) };
  };
  return {
    ...(await open()),
    redis: world,
    advance: (ms) => world.clock.advance(ms),
    second: async () => (await open()).store,
    close: () => world.close(),
  };
}

/** A Redis broker that works with results elsewhere: in memory, or in another database of the server. */
export function createSplitWorld(results: 'memory' | 'other database') {
  return async ({ policy, ttl, logger }: TaskStoreSettings): Promise<TaskStoreWorld> => {
    const world = new RedisWorld(logger);
    const open = async () => {
      const broker = await world.broker(policy);
      const backend =
        results === 'memory' ? new InMemoryBackend({ ttl }) : await world.backend(ttl, { database: OTHER_DATABASE });
      if (results === 'memory') await backend.open({ clock: world.clock, logger });
      if (await broker.fuse(backend)) throw new Error('Stores at two places must not fuse.');
      return { broker, backend, store: new JoinedTaskStore(broker, backend, { clock: world.clock, logger }) };
    };
    const { broker, backend, store } = await open();
    const second = results === 'memory' ? {} : { second: async () => (await open()).store };
    return {
      broker,
      backend,
      store,
      ...second,
      advance: (ms) => world.clock.advance(ms),
      close: () => Promise.all([backend.close(), world.close()]).then(() => {}),
    };
  };
}

async function fuse(broker: BaseBroker, backend: BaseResultBackend): Promise<TaskStore> {
  const store = await broker.fuse(backend);
  if (!store) throw new Error('Stores at one place must fuse.');
  return store;
}
