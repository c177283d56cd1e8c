import { randomUUID } from 'node:crypto';
import { type ClaimedTask, encodeJson, type NewMessage, type StoreContext, systemClock } from '@flowrra/core';
import { type StartRedisOptions, startRedis } from '@flowrra/testing-servers';
import { redisForTests } from '@flowrra/testing-servers/vitest-redis';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { RedisBackend, type RedisBackendOptions, RedisBroker, type RedisBrokerOptions } from '../src/index.js';
import type { RedisTaskStore } from '../src/redis-task-store.js';

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
    if (ownUrl === undefined) await removeKeys(client, prefix);
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
    async store(options: { backend?: RedisBackendOptions; broker?: RedisBrokerOptions } = {}): Promise<RedisTaskStore> {
      const store = await (await own.broker(options.broker)).fuse(await own.backend(options.backend));
      if (!store) throw new Error('The pair is at one place and does not fuse.');
      return store as RedisTaskStore;
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

async function removeKeys(client: Redis, prefix: string): Promise<void> {
  const keys = await client.keys(`${prefix}*`);
  if (keys.length > 0) await client.del(keys);
}

/** A message with a readable payload, unless told otherwise. */
export function message(overrides: Partial<NewMessage> = {}): NewMessage {
  const payload = `{"v":1,"task":"add","args":${encodeJson([1, 2], 'args')},"retries":[3,1000,1,60000,0]}`;
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

export function first(tasks: readonly ClaimedTask[]): ClaimedTask {
  const [task] = tasks;
  if (!task) throw new Error('Nothing was claimed.');
  return task;
}

export const success = (result: unknown) => ({
  status: 'success' as const,
  resultJson: JSON.stringify(result),
  progressJson: null,
});
