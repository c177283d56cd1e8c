import { BackendError, ConfigError, consoleLogger, type Logger, StoppedError } from '@flowrra/core';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { isUnknownScript, ReplyLostError } from './redis-errors.js';
import { type Argument, RedisLink } from './redis-link.js';
import type { Script } from './redis-scripts.js';
import { RedisSubscriber } from './redis-subscriber.js';
import { parseRedisUrl } from './redis-url.js';
import { checkServer } from './server-check.js';

/** Milliseconds that a call waits for the connection, and a repeatable one for its reply. */
export const DEFAULT_DEADLINE = 2_000;

/**
 * The driver queues nothing for later and sends nothing twice, so that a call that failed here is not carried out
 * afterwards; repeating is decided by us, within the caller's deadline. With `maxRetriesPerRequest: 0` what is in
 * flight when the connection closes is rejected; with another value and nothing sent again it would never settle. This
 * is ioredis 5: 6.0.0 obeys these settings as well, but by itself it sends again what was in flight.
 */
const OUR_OPTIONS: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt) => Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)) * (0.5 + Math.random() / 2),
};
/** The user may override these. A server that loads its data is asked often, so that it does not look dead. */
const DEFAULTS: RedisOptions = { connectTimeout: 5_000, keepAlive: 30_000, maxLoadingRetryTime: 1_000 };

export interface RunOptions {
  /** Whether carrying it out twice is the same as once: then a lost reply is asked for again. */
  readonly repeat?: boolean;
}

export type ScriptArguments = readonly Argument[] | ((isRepetition: boolean) => readonly Argument[]);

/** How one process talks to one Redis: a connection for commands, another that listens. Each is opened on first use. */
export class RedisConnection {
  readonly address: string;
  /** The URL as given, to see whether two stores are at one place; null for a client. */
  readonly url: string | null;
  readonly deadline: number;
  readonly database: number;
  readonly subscriber: RedisSubscriber;
  logger: Logger = consoleLogger;
  readonly #commands: RedisLink;
  #checking: Promise<void> | null = null;
  #isChecked = false;
  #users = 1;

  /** @throws InvalidUrlError, ConfigError */
  constructor(target: string | Redis, options: { redis?: RedisOptions | undefined; deadline?: number | undefined }) {
    this.deadline = options.deadline ?? DEFAULT_DEADLINE;
    this.url = typeof target === 'string' ? target : null;
    const client = typeof target === 'string' ? newClient(target, options.redis) : checkClient(target);
    this.address = labelOf(client);
    this.database = client.options.db ?? 0;
    this.#commands = new RedisLink(client, this.url !== null, this.address);
    this.subscriber = new RedisSubscriber(
      () => new RedisLink(client.duplicate({ ...DEFAULTS, ...client.options, ...OUR_OPTIONS }), true, this.address),
      this.deadline,
    );
  }

  get healthy(): boolean {
    return this.#commands.healthy && this.subscriber.healthy;
  }

  /** Another user; each one closes. */
  retain(): this {
    this.#users++;
    return this;
  }

  close(): void {
    if (--this.#users !== 0) return;
    this.subscriber.close();
    this.#commands.close();
  }

  /** Pings the connection from now on. @returns ends that */
  keepAlive(): () => void {
    return this.#commands.keepAlive();
  }

  /** @throws StoreUnavailableError, StoreFullError, BackendError */
  send(command: string, args: readonly Argument[], options: RunOptions = {}): Promise<unknown> {
    return this.#withinDeadline(options, (left) =>
      this.#commands.call(command, args, left, options.repeat ? left : undefined),
    );
  }

  /**
   * Runs a script. The server may have forgotten it (restart, SCRIPT FLUSH): then its text is sent.
   * @param args may depend on whether the call is a repetition: it may have been carried out already
   */
  run(script: Script, keys: readonly string[], args: ScriptArguments, options: RunOptions = {}): Promise<unknown> {
    return this.#withinDeadline(options, async (left, isRepetition) => {
      const patience = options.repeat ? left : undefined;
      const own = typeof args === 'function' ? args(isRepetition) : args;
      try {
        return await this.#commands.call('evalsha', [script.sha, keys.length, ...keys, ...own], left, patience);
      } catch (err) {
        if (!(err instanceof BackendError) || !isUnknownScript(err.cause)) throw err;
        return await this.#commands.call('eval', [script.text, keys.length, ...keys, ...own], left, patience);
      }
    });
  }

  /** A repeatable call is made again until the deadline; another one only waits that long for the connection. */
  async #withinDeadline(
    options: RunOptions,
    call: (left: number, isRepetition: boolean) => Promise<unknown>,
  ): Promise<unknown> {
    if (this.#users <= 0) throw new StoppedError(`The connection to Redis at ${this.address}`);
    // Not the time of day: somebody may set that back.
    const end = performance.now() + this.deadline;
    const left = (): number => Math.max(0, end - performance.now());
    let lost: ReplyLostError | null = null;
    while (true) {
      try {
        if (!this.#isChecked) await this.#check(left());
        return await call(left(), lost !== null);
      } catch (err) {
        if (err instanceof ReplyLostError) lost = err;
        // Once a reply was lost, "it was not sent" or "it was refused" is no longer true of the whole call.
        else throw lost ?? err;
        if (!options.repeat || left() === 0) throw lost;
      }
    }
  }

  /** Once, before the first call. */
  async #check(deadline: number): Promise<void> {
    this.#checking ??= checkServer(this.#commands, this.logger, deadline);
    try {
      await this.#checking;
      this.#isChecked = true;
    } catch (err) {
      this.#checking = null;
      throw err;
    }
  }
}

function newClient(url: string, redis: RedisOptions = {}): Redis {
  checkDriverOptions(redis);
  for (const option of Object.keys(OUR_OPTIONS) as (keyof RedisOptions)[])
    if (redis[option] !== undefined)
      throw new ConfigError(`redis.${option}`, `The driver's option "${option}" is set by Flowrra: leave it out.`);
  const options = parseRedisUrl(url);
  const tls = options.tls && { tls: { ...options.tls, ...redis.tls } };
  return new Redis({ ...DEFAULTS, ...options, ...redis, ...tls, ...OUR_OPTIONS });
}

function checkClient(client: unknown): Redis {
  if (client instanceof Cluster)
    throw new ConfigError('url', 'Redis Cluster is not supported yet: pass a client or a URL of one server.');
  if (!(client instanceof Redis) && !isRedisClient(client))
    throw new ConfigError('url', 'Pass a Redis URL, or a client made by ioredis 5.');
  checkDriverOptions(client.options);
  return client;
}

/** A client of another copy of ioredis. */
function isRedisClient(client: unknown): client is Redis {
  const candidate = client as Partial<Redis> | null;
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.callBuffer === 'function' &&
    typeof candidate.duplicate === 'function'
  );
}

/** Options of the driver with which scripts are sent otherwise, or their replies come otherwise, than is expected here. */
const REFUSED_OPTIONS = ['stringNumbers', 'enableAutoPipelining'] as const;

function checkDriverOptions(redis: RedisOptions): void {
  for (const option of REFUSED_OPTIONS)
    if (redis[option])
      throw new ConfigError(`redis.${option}`, `The driver's option "${option}" cannot be used here: leave it out.`);
  if (redis.keyPrefix)
    throw new ConfigError(
      'redis.keyPrefix',
      'The driver\'s own keyPrefix cannot be used: set Flowrra\'s option "keyPrefix".',
    );
}

/** The address for people: without login. */
function labelOf({ options }: Redis): string {
  const database = options.db ?? 0;
  if (options.sentinels) return `${options.name} (by Sentinel, database ${database})`;
  if (options.path) return `unix://${options.path}?db=${database}`;
  return `${options.tls ? 'rediss' : 'redis'}://${options.host ?? 'localhost'}:${options.port ?? 6379}/${database}`;
}
