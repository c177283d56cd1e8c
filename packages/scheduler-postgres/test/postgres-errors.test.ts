import { BackendError } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { kindOfPostgresError, translatePostgresError } from '../src/postgres-errors.js';

const LABEL = 'PostgreSQL at db:5432/app';
/** As the server sends it. */
const server = (code: string, message = 'as the server says') =>
  Object.assign(new Error(message), { code, severity: 'ERROR' });
/** As Node or pg throws it. */
const local = (message: string, more: object = {}) => Object.assign(new Error(message), more);

describe('an error of PostgreSQL', () => {
  it.each([
    ['a taken key', server('23505'), 'duplicate-key', 'BACKEND_ERROR'],
    ['a serialisation failure', server('40001'), 'conflict', 'STORE_UNAVAILABLE'],
    ['a deadlock', server('40P01'), 'conflict', 'STORE_UNAVAILABLE'],
    ['a lock of somebody else', server('55P03'), 'busy', 'STORE_UNAVAILABLE'],
    ['too many sessions', server('53300'), 'busy', 'STORE_UNAVAILABLE'],
    ['a start of the server', server('57P03'), 'busy', 'STORE_UNAVAILABLE'],
    ['an ended session', server('57P01'), 'connection-lost', 'STORE_UNAVAILABLE'],
    ['a transaction left alone', server('25P03'), 'connection-lost', 'STORE_UNAVAILABLE'],
    ['a slow statement', server('57014'), 'other', 'STORE_UNAVAILABLE'],
    ['a full disk', server('53100'), 'other', 'STORE_FULL'],
    ['a replica', server('25006'), 'other', 'STORE_UNAVAILABLE'],
    ['a wrong password', server('28P01'), 'other', 'BACKEND_ERROR'],
    ['another code', server('XX000'), 'other', 'BACKEND_ERROR'],
    ['a reset connection', local('read ECONNRESET', { code: 'ECONNRESET' }), 'connection-lost', 'STORE_UNAVAILABLE'],
    ['an ended connection', local('Connection terminated unexpectedly'), 'connection-lost', 'STORE_UNAVAILABLE'],
    ['a silent server', local('Query read timeout'), 'connection-lost', 'STORE_UNAVAILABLE'],
    ['a refused connection', new AggregateError([], ''), 'other', 'BACKEND_ERROR'],
    ['a refused connection', local('', { code: 'ECONNREFUSED', syscall: 'connect' }), 'other', 'STORE_UNAVAILABLE'],
    ['an unknown host', local('getaddrinfo ENOTFOUND db', { code: 'ENOTFOUND' }), 'other', 'STORE_UNAVAILABLE'],
    ['a slow connection', local('timeout expired'), 'other', 'STORE_UNAVAILABLE'],
    ['an unknown certificate', local('self-signed', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'other', 'BACKEND_ERROR'],
    ['no TLS', local('The server does not support SSL connections'), 'other', 'BACKEND_ERROR'],
    ['no error', undefined, 'other', 'BACKEND_ERROR'],
  ])('is understood as %s', (_what, err, kind, code) => {
    expect(kindOfPostgresError(err)).toBe(kind);
    const translated = translatePostgresError(err, LABEL);
    expect(translated).toMatchObject({
      code,
      message: expect.stringMatching(/^PostgreSQL at db:5432\/app .*[^.?][.?]$/),
    });
    expect(translated.cause).toBe(err);
  });

  it('stays as it is when it is one of Flowrra', () => {
    const err = new BackendError('already translated');
    expect(translatePostgresError(err, LABEL)).toBe(err);
  });
});
