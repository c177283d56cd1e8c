import { BackendError, type Logger, StoreUnavailableError } from '@flowrra/core';
import { IS_CLUSTER, isForbidden } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';

/** LPOP with a count, and scripts that write after reading the clock. */
const OLDEST_VERSION = [6, 2] as const;

/**
 * Looks once whether the server is one that can be used, and keeps what it is given.
 * @throws BackendError when it is too old, a node of a Cluster, or a Sentinel
 */
export async function checkServer(link: RedisLink, logger: Logger, deadline: number): Promise<void> {
  const info = await ask(link, 'info', ['server'], deadline);
  const [, major, minor] = /redis_version:(\d+)\.(\d+)/.exec(info ?? '') ?? [];
  if (major !== undefined && Number(major) * 100 + Number(minor) < OLDEST_VERSION[0] * 100 + OLDEST_VERSION[1]) {
    throw new BackendError(
      `Redis at ${link.address} has version ${major}.${minor}; Flowrra needs ${OLDEST_VERSION.join('.')} or later, or Valkey.`,
    );
  }
  const [, mode] = /redis_mode:(\w+)/.exec(info ?? '') ?? [];
  if (mode === 'cluster') throw new BackendError(`Redis at ${link.address} ${IS_CLUSTER}.`);
  if (mode === 'sentinel') {
    throw new BackendError(
      `Redis at ${link.address} is a Sentinel, which keeps no data. Give the option "redis" its sentinels and the name of the primary.`,
    );
  }
  const policy = await ask(link, 'config', ['get', 'maxmemory-policy'], deadline);
  if (policy === null) {
    logger.warn(
      { address: link.address },
      'the maxmemory-policy of Redis could not be checked (CONFIG is forbidden): it must be noeviction',
    );
  } else if (!policy.includes('noeviction')) {
    logger.warn(
      { address: link.address, policy: policy.split(',').at(-1) },
      'the maxmemory-policy of Redis is not noeviction: it may drop tasks. Run: CONFIG SET maxmemory-policy noeviction',
    );
  }
}

/** @returns null when the server does not tell */
async function ask(link: RedisLink, command: string, args: string[], deadline: number): Promise<string | null> {
  try {
    return String(await link.call(command, args, deadline));
  } catch (err) {
    // Forbidden or renamed; what is about the connection concerns the caller.
    if (err instanceof BackendError && !(err instanceof StoreUnavailableError) && isForbidden(err.cause)) return null;
    throw err;
  }
}
