import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '@flowrra/testing-servers';
import type { Redis } from 'ioredis';
import type { Random } from '../random.mjs';
import type { ChaosWorld } from '../world.js';
import type { Fault } from './fault.js';

/** A fault of one of the run's Redis servers: everybody uses them. */
function onRedis(
  kind: string,
  strike: (parts: { world: ChaosWorld; server: RedisServer; random: Random }) => Promise<void>,
): Fault {
  return async (world, random) => {
    const server = random.pick([world.messages, world.results]);
    await world.fault(kind, null, () => strike({ world, server, random }));
  };
}

/** One that an operator makes by commands. */
function byCommands(kind: string, work: (client: Redis, random: Random) => Promise<void>): Fault {
  return onRedis(kind, ({ world, server, random }) => world.ask(server, (client) => work(client, random)));
}

const between = (random: Random, least: number, most: number): number => least + random.integer(most - least);

export const redisFaults = {
  'Redis killed and started again': onRedis('Redis is killed and started again', async ({ server, random }) => {
    await server.kill('SIGKILL');
    await sleep(between(random, 0, 2_500));
    await server.restart();
  }),
  'Redis ends connections': byCommands('Redis ends all connections', async (client) => {
    await client.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }),
  'Redis ends subscriptions': byCommands('Redis ends all subscriptions', async (client, random) => {
    for (let times = 0; times < 3; times++) {
      await client.client('KILL', 'TYPE', 'pubsub');
      await sleep(between(random, 50, 500));
    }
  }),
  'Redis pauses': byCommands('Redis pauses', async (client, random) => {
    const ms = between(random, 500, 2_500);
    await client.call('CLIENT', 'PAUSE', ms, random.pick(['WRITE', 'ALL']));
    await sleep(ms);
  }),
  'Redis forgets its scripts': byCommands('Redis forgets its scripts', async (client, random) => {
    for (let times = 0; times < 10; times++) {
      await client.script('FLUSH');
      await sleep(between(random, 10, 150));
    }
  }),
  'Redis hangs': byCommands('Redis hangs', async (client, random) => {
    await client.call('DEBUG', 'SLEEP', String(between(random, 300, 2_500) / 1_000));
  }),
  'Redis full': byCommands('Redis is full', async (client, random) => {
    await client.config('SET', 'maxmemory', '1');
    await sleep(between(random, 500, 2_000));
    await client.config('SET', 'maxmemory', '0');
  }),
  'Redis read-only': byCommands('Redis is read-only', async (client, random) => {
    await client.replicaof('127.0.0.1', 1);
    await sleep(between(random, 500, 2_000));
    await client.replicaof('NO', 'ONE');
  }),
} satisfies Record<string, Fault>;
