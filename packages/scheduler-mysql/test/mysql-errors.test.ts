import { BackendError } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { kindOfMySQLError, translateMySQLError } from '../src/mysql-errors.js';

const LABEL = 'MySQL at db:3306/app';
/** As the server sends it. */
const server = (errno: number, message = 'as the server says') =>
  Object.assign(new Error(message), { errno, sqlState: 'HY000', code: 'ER_SOMETHING' });
/** As Node or mysql2 throws it. */
const local = (message: string, more: object = {}) => Object.assign(new Error(message), more);

describe('an error of MySQL', () => {
  it.each([
    ['a taken key', server(1062), 'duplicate-key', 'BACKEND_ERROR'],
    ['a deadlock', server(1213), 'conflict', 'STORE_UNAVAILABLE'],
    ['a lock of somebody else', server(1205), 'busy', 'STORE_UNAVAILABLE'],
    ['too many sessions', server(1040), 'busy', 'STORE_UNAVAILABLE'],
    ['too many of one user', server(1226, "exceeded the 'max_user_connections' resource"), 'busy', 'STORE_UNAVAILABLE'],
    ['too many an hour', server(1226, "exceeded the 'max_questions' resource"), 'other', 'STORE_UNAVAILABLE'],
    ['a killed session', server(1927), 'connection-lost', 'STORE_UNAVAILABLE'],
    ['a session left alone', server(4031), 'connection-lost', 'STORE_UNAVAILABLE'],
    ['a slow statement', server(1969), 'other', 'STORE_UNAVAILABLE'],
    ['a full disk', server(1021), 'other', 'STORE_FULL'],
    ['a full table', server(1114), 'other', 'STORE_FULL'],
    ['a read-only server', server(1290, 'running with the --read-only option'), 'other', 'STORE_UNAVAILABLE'],
    ['another option', server(1290, 'running with the --secure-file-priv option'), 'other', 'BACKEND_ERROR'],
    ['a wrong password', server(1045), 'other', 'BACKEND_ERROR'],
    ['another number', server(9999), 'other', 'BACKEND_ERROR'],
    [
      'a lost connection',
      local('lost', { code: 'PROTOCOL_CONNECTION_LOST', fatal: true }),
      'connection-lost',
      'STORE_UNAVAILABLE',
    ],
    [
      'a silent server',
      local('Query inactivity timeout', { code: 'PROTOCOL_SEQUENCE_TIMEOUT' }),
      'connection-lost',
      'STORE_UNAVAILABLE',
    ],
    [
      'a reset connection',
      local('read ECONNRESET', { code: 'ECONNRESET', errno: -104 }),
      'connection-lost',
      'STORE_UNAVAILABLE',
    ],
    [
      'a closed connection',
      local("Can't add new command when connection is in closed state"),
      'connection-lost',
      'STORE_UNAVAILABLE',
    ],
    [
      'a refused connection',
      local('', { code: 'ECONNREFUSED', errno: -111, syscall: 'connect' }),
      'other',
      'STORE_UNAVAILABLE',
    ],
    [
      'a slow connection',
      local('connect ETIMEDOUT', { code: 'ETIMEDOUT', syscall: 'connect' }),
      'other',
      'STORE_UNAVAILABLE',
    ],
    ['no TLS', local('no', { code: 'HANDSHAKE_NO_SSL_SUPPORT' }), 'other', 'BACKEND_ERROR'],
    [
      'an unknown certificate',
      local('self-signed certificate', { code: 'HANDSHAKE_SSL_ERROR' }),
      'other',
      'BACKEND_ERROR',
    ],
    ['no error', undefined, 'other', 'BACKEND_ERROR'],
  ])('is understood as %s', (_what, err, kind, code) => {
    expect(kindOfMySQLError(err)).toBe(kind);
    const translated = translateMySQLError(err, LABEL);
    expect(translated).toMatchObject({ code, message: expect.stringMatching(/^MySQL at db:3306\/app .*[^.?][.?]$/) });
    expect(translated.cause).toBe(err);
  });

  it('stays as it is when it is one of Flowrra', () => {
    const err = new BackendError('already translated');
    expect(translateMySQLError(err, LABEL)).toBe(err);
  });
});
