import { inspect } from 'node:util';
import { BackendError, StoreFullError, StoreUnavailableError } from '@flowrra/core';
import { ReplyError } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { ReplyLostError, translateError } from '../src/redis-errors.js';

const ADDRESS = 'redis://cache:6379/0';

describe('an answer of the server', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', StoreUnavailableError, 'loading'],
    ["READONLY You can't write against a read only replica.", StoreUnavailableError, 'read-only'],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      StoreUnavailableError,
      'master',
    ],
    ['CLUSTERDOWN The cluster is down', StoreUnavailableError, 'cluster'],
    [
      'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
      StoreUnavailableError,
      'save',
    ],
    ['BUSY Redis is busy running a script.', StoreUnavailableError, 'busy'],
    ['NOREPLICAS Not enough good replicas to write.', StoreUnavailableError, 'replicas'],
    ['ERR max number of clients reached', StoreUnavailableError, 'room'],
    ["OOM command not allowed when used memory > 'maxmemory'.", StoreFullError, 'memory'],
    ['ERR Error running script: @user_script:1: -OOM command not allowed', StoreFullError, 'memory'],
    ['WRONGPASS invalid username-password pair or user is disabled.', BackendError, 'password'],
    ['NOAUTH Authentication required.', BackendError, 'password'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", BackendError, 'permission'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", BackendError, "run the 'evalsha' command"],
    ["ERR The user executing the script can't run this command or subcommand script: 0fa7", BackendError, 'permission'],
    ["ERR ACL failure in script: User w has no permissions to run the 'hset' command", BackendError, "run the 'hset'"],
    ["CROSSSLOT Keys in request don't hash to the same slot", BackendError, 'Cluster'],
    ['MOVED 3999 127.0.0.1:6381', BackendError, 'Cluster'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', BackendError, 'keyPrefix'],
    ['ERR DB index is out of range', BackendError, 'database'],
    ['ERR something new', BackendError, 'something new'],
  ])('%s says what to do', (text, kind, hint) => {
    const translated = translateError(new ReplyError(text), ADDRESS);
    expect(translated.constructor).toBe(kind);
    expect(translated.message).toContain(hint);
    expect(translated.message).toContain(ADDRESS);
    expect(translated.cause).toBeInstanceOf(ReplyError);
  });

  it('tells nothing of what was sent: passwords and payloads stay out of logs (DA-08)', () => {
    const command = { name: 'auth', args: ['ann', 'hunter2'] };
    const translated = translateError(Object.assign(new ReplyError('WRONGPASS'), { command }), ADDRESS);
    expect(inspect(translated)).toContain("command: { name: 'auth' }");
    expect(inspect(translated)).not.toContain('hunter2');
  });

  it('is told apart from a connection that was lost', () => {
    for (const text of [
      'Connection is closed.',
      'read ECONNRESET',
      'Reached the max retries per request limit (which is 0).',
    ]) {
      const translated = translateError(new Error(text), ADDRESS);
      expect(translated).toBeInstanceOf(ReplyLostError);
      expect(translated.message).toMatch(/^The connection to Redis at [^ ]+ was lost(?!.*max retries)/);
    }
  });

  it('is left as it is once it was translated', () => {
    const translated = translateError(new ReplyError('OOM'), ADDRESS);
    expect(translateError(translated, ADDRESS)).toBe(translated);
  });
});
