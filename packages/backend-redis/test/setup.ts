import { randomUUID } from 'node:crypto';
import {
  type BaseBroker,
  type BaseResultBackend,
  type Claim,
  encodeJson,
  JoinedTaskStore,
  type NewMessage,
  type StoreContext,
  systemClock,
  type TaskStore,
} from '@flowrra/core';
import { openLink, type StartRedisOptions, startRedis } from '@flowrra/testing-servers';
import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { RedisBackend, type RedisBackendOptions, RedisBroker, type RedisBrokerOptions } from '../src/index.js';
import type { RedisTaskStore } from '../src/redis-task-store.js';

/** Where broker and backend of a pair are: at one place they are fused, at two (databases of a server) joined. */
export const PLACES = ['one place', 'two places'] as const;
export type Pair = TaskStore & { readonly broker: BaseBroker; readonly backend: BaseResultBackend };
export interface PairOptions {
  readonly backend?: RedisBackendOptions;
  readonly broker?: RedisBrokerOptions;
}

const OTHER_DATABASE = 1;

/** For `vi.waitFor`: what is waited for comes at once, if the machine has nothing else to do. */
export const SOON = { timeout: 15_000, interval: 10 };

/** A logger that keeps what it is told. */
export function keepingLogger() {
  const lines: { level: string; data: object; message: string }[] = [];
  const log = (level: string) => (data: object, message: string) => void lines.push({ level, data, message });
  return { lines, logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') } };
}

/** A namespace of the test's own on the run's Redis, empty again afterwards; or on a server that ends with the test. */
export function setup(ownUrl?: string) {
  const url = ownUrl ?? redisForTests();
  const prefix = `test-${randomUUID()}`;
  const client = new Redis(url);
  // Some tests end their server.
  client.on('error', () => {});
  const { lines, logger } = keepingLogger();
  const context: StoreContext = { clock: systemClock, logger };
  const opened: { close(): Promise<void> }[] = [];
  onTestFinished(async () => {
    await Promise.all(opened.map((store) => store.close()));
    if (ownUrl === undefined) for (const database of [OTHER_DATABASE, 0]) await removeKeys(client, prefix, database);
    client.disconnect();
  });
  const own = {
    prefix,
    client,
    logger,
    lines,
    context,
    key: (name: string) => `${prefix}:${name}`,
    async backend(options: RedisBackendOptions = {}, at = url): Promise<RedisBackend> {
      const backend = new RedisBackend(at, { keyPrefix: prefix, ...options });
      opened.push(backend);
      await backend.open(context);
      return backend;
    },
    async broker(options: RedisBrokerOptions = {}, at = url): Promise<RedisBroker> {
      const broker = new RedisBroker(at, { keyPrefix: prefix, ...options });
      opened.push(broker);
      await broker.open(context);
      return broker;
    },
    /** Broker and backend as one. */
    async store(options: PairOptions = {}): Promise<RedisTaskStore> {
      const store = await (await own.broker(options.broker)).fuse(await own.backend(options.backend));
      if (!store) throw new Error('The pair is at one place and does not fuse.');
      return store as RedisTaskStore;
    },
    /** Broker and backend as they work together at one place or two; `at` is another way to the server. */
    async pair(places: (typeof PLACES)[number], options: PairOptions = {}, at = url): Promise<Pair> {
      const results = new URL(at);
      results.pathname = `/${places === 'one place' ? 0 : OTHER_DATABASE}`;
      const [broker, backend] = [
        await own.broker(options.broker, at),
        await own.backend(options.backend, results.href),
      ];
      const fused = await broker.fuse(backend);
      if ((fused === null) === (places === 'one place')) throw new Error(`A pair at ${places} should not be this way.`);
      return fused ? (fused as RedisTaskStore) : new JoinedTaskStore(broker, backend, context);
    },
  };
  return own;
}

/** A server of the test's own, to count, kill and configure, and a namespace on it. */
export async function ownServer(options: StartRedisOptions = {}) {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return { server, ...setup(server.url) };
}

/** A server of the test's own, behind a link that can be told to misbehave. */
export async function ownServerBehindLink(options: StartRedisOptions = {}) {
  const own = await ownServer(options);
  const link = await openLink(own.server);
  onTestFinished(() => link.close());
  return { ...own, link, linkUrl: `redis://127.0.0.1:${link.port}` };
}

async function removeKeys(client: Redis, prefix: string, database: number): Promise<void> {
  await client.select(database);
  const keys = await client.keys(`${prefix}*`);
  if (keys.length > 0) await client.del(keys);
}

/** A message with a readable payload, unless told otherwise. */
export function message(overrides: Partial<NewMessage> = {}): NewMessage {
  const payload = `[1,"add",${encodeJson([1, 2], 'args')},{"retries":[3,1000,1,60000,0]}]`;
  const defaults = {
    id: randomUUID(),
    queue: 'default',
    lane: 'io' as const,
    priority: 0,
    runAt: null,
    expiresAt: null,
    remembered: false,
    origin: null,
  };
  return { ...defaults, payload, ...overrides };
}

export const claimOne = {
  queue: 'default',
  lane: 'io' as const,
  count: 1,
  worker: 'worker-1',
  leaseMs: 30_000,
  alone: false,
};

export function first<Task extends Claim>(tasks: readonly Task[]): Task {
  const [task] = tasks;
  if (!task) throw new Error('Nothing was claimed.');
  return task;
}

export const success = (result: unknown) => ({
  status: 'success' as const,
  resultJson: JSON.stringify(result),
  progressJson: null,
});
