import { InvalidUrlError } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../src/redis-url.js';

describe('a Redis address', () => {
  it.each([
    ['redis://localhost:6379/0', { host: 'localhost', port: 6379, db: 0 }],
    ['redis://cache', { host: 'cache', port: 6379, db: 0 }],
    ['redis://', { host: 'localhost', port: 6379, db: 0 }],
    ['REDIS://h/', { host: 'h', port: 6379, db: 0 }],
    ['redis://h:1/15', { host: 'h', port: 1, db: 15 }],
    ['redis://h?db=3', { host: 'h', port: 6379, db: 3 }],
    ['redis://[::1]:7000/2', { host: '::1', port: 7000, db: 2 }],
    ['redis://:secret@h', { host: 'h', port: 6379, db: 0, password: 'secret' }],
    ['redis://ann:p%40ss%2F%3A@h', { host: 'h', port: 6379, db: 0, username: 'ann', password: 'p@ss/:' }],
    ['rediss://:x@h:6380', { host: 'h', port: 6380, db: 0, password: 'x', tls: {} }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock', db: 0 }],
    ['unix:///run/re%20dis.sock?db=4', { path: '/run/re dis.sock', db: 4 }],
    ['unix://ann:x@/run/redis.sock', { path: '/run/redis.sock', db: 0, username: 'ann', password: 'x' }],
  ])('%s leads where it says', (url, options) => {
    expect(parseRedisUrl(url)).toEqual(options);
  });

  it.each([
    ['redis:localhost', 'no Redis address'],
    ['http://h', 'no Redis address'],
    ['', 'no Redis address'],
    ['redis://h:99999', 'host or port'],
    ['redis://h:p0rt', 'host or port'],
    ['redis://h o', 'host or port'],
    ['redis://h/zero', 'database'],
    ['redis://h/-1', 'database'],
    ['redis://h/1?db=2', 'twice'],
    ['redis://h?db=1&db=2', 'twice'],
    ['redis://h?ssl_cert_reqs=none', '"ssl_cert_reqs"'],
    ['redis://ann@h', 'lacks a password'],
    ['redis://:%zz@h', 'percent-encoded'],
    ['unix://run/redis.sock', 'three slashes'],
    ['unix:///', 'path of the socket'],
    ['unix:///a%00b', 'percent-encoded'],
  ])('%s is refused with what is wrong', (url, reason) => {
    expect(() => parseRedisUrl(url)).toThrow(InvalidUrlError);
    expect(() => parseRedisUrl(url)).toThrow(reason);
  });

  it('never shows the password, whatever else is wrong (DA-08)', () => {
    for (const url of [
      'redis://:hunter2@h:0',
      'redis://:hunter2@h?x=1',
      'redis://:hunter2%zz@h',
      'unix://:hunter2@h/x',
      'redis://:hunter2@h/db',
      'redis//:hunter2@h',
      // An unencoded "?" makes a parameter of what follows.
      'redis://:hunter2?hunter2@h',
      'redis://me:123?hunter2@h',
      'redis://me:123?hunter2=1@h',
    ]) {
      expect(() => parseRedisUrl(url)).toThrow(
        expect.objectContaining({ code: 'INVALID_URL', message: expect.not.stringContaining('hunter2') }),
      );
    }
  });
});
