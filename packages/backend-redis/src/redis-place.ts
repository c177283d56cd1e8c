import { type Clock, ConfigError, checkDuration, type Duration } from '@flowrra/core';
import type { Redis, RedisOptions } from 'ioredis';
import { RedisConnection, type RunOptions, type ScriptArguments } from './redis-connection.js';
import { checkKeyPrefix, DEFAULT_KEY_PREFIX, RedisKeys } from './redis-keys.js';
import type { Script } from './redis-scripts.js';

/** What backend and broker share in their options. */
export interface PlaceOptions {
  /** What all keys start with; apps with different ones do not see each other. Default `flowrra`. */
  keyPrefix?: string | undefined;
  /** Options for ioredis beyond the URL, such as `{ tls: { ca } }`; only for connections made here. */
  redis?: RedisOptions | undefined;
  /** How long a call waits for the connection before it is refused. Default 2 s. */
  deadline?: Duration | undefined;
  /** For tests: the time that scripts go by instead of the server's. */
  clock?: Clock | undefined;
}

export const PLACE_OPTIONS = ['keyPrefix', 'redis', 'deadline', 'clock'] as const;

/** A namespace on a server: the connection, the names of keys, and the time. */
export class RedisPlace {
  readonly keys: RedisKeys;
  /** Given by tests only. */
  readonly clock: Clock | undefined;

  private constructor(
    readonly connection: RedisConnection,
    options: PlaceOptions,
  ) {
    this.keys = new RedisKeys(checkKeyPrefix(options.keyPrefix ?? DEFAULT_KEY_PREFIX), connection.database);
    this.clock = options.clock;
  }

  /** Opens nothing. @throws InvalidUrlError, ConfigError */
  static at(target: string | Redis, options: PlaceOptions): RedisPlace {
    const redis = options.redis === undefined ? undefined : checkDriver(options.redis);
    const deadline =
      options.deadline === undefined ? undefined : checkDuration(options.deadline, 'deadline', { min: 1 });
    return new RedisPlace(new RedisConnection(target, { redis, deadline }), options);
  }

  /** The same namespace over the same connection, which lives until both are closed. */
  share(options: PlaceOptions): RedisPlace {
    return new RedisPlace(this.connection.retain(), { clock: this.clock, keyPrefix: this.keys.prefix, ...options });
  }

  /** For scripts: empty for the server's own time. */
  get now(): string {
    return this.clock ? String(this.clock.now()) : '';
  }

  run(script: Script, keys: readonly string[], args: ScriptArguments, options?: RunOptions): Promise<unknown> {
    return this.connection.run(script, keys, args, options);
  }
}

function checkDriver(redis: unknown): RedisOptions {
  if (typeof redis === 'object' && redis !== null && !Array.isArray(redis)) return redis;
  throw new ConfigError('redis', 'redis must be an object of ioredis options, such as { tls: { ca } }.');
}
