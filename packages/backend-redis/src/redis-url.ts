import { InvalidUrlError } from '@flowrra/core';
import type { RedisOptions } from 'ioredis';

const FORM = /^(redis|rediss|unix):\/\/(?:([^/?#]*)@)?([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i;
const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i;
const DEFAULT_PORT = 6379;
const HELP = 'Use redis://host:6379/0, rediss://… for TLS, or unix:///path/redis.sock?db=0.';

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` (TLS, verified) and `unix:///path[?db=n]`. Login parts
 * are percent-decoded. The only query parameter is `db`.
 * @returns the same in the words of ioredis
 * @throws InvalidUrlError naming what is wrong, never the password
 */
export function parseRedisUrl(url: string): RedisOptions {
  const match = FORM.exec(url);
  if (!match) throw new InvalidUrlError(`This is no Redis address. ${HELP}`);
  const [, scheme = '', login, host = '', path = '', query = ''] = match;
  const db = readQuery(query);
  const credentials = readLogin(login);
  if (scheme.toLowerCase() === 'unix') return unixAddress(host, decode(path, 'path'), db, credentials);
  const tls = scheme.toLowerCase() === 'rediss';
  // Verification is Node's default; a certificate authority of one's own goes into `redis: { tls: { ca } }`.
  return { ...readHost(host), db: readDatabase(path.slice(1), db), ...credentials, ...(tls && { tls: {} }) };
}

function unixAddress(host: string, path: string, db: string | undefined, credentials: RedisOptions): RedisOptions {
  if (host !== '')
    throw new InvalidUrlError('A unix address has no host: write three slashes, as in unix:///run/redis.sock.');
  if (path === '' || path === '/')
    throw new InvalidUrlError('A unix address needs the path of the socket, as in unix:///run/redis.sock.');
  return { path, db: readDatabase('', db), ...credentials };
}

function readHost(text: string): { host: string; port: number } {
  if (text === '') return { host: 'localhost', port: DEFAULT_PORT };
  const match = HOST.exec(text);
  const port = match?.[2] === undefined ? DEFAULT_PORT : Number(match[2]);
  if (!match?.[1] || port < 1 || port > 65_535)
    throw new InvalidUrlError(`The host or port of the Redis address is malformed. ${HELP}`);
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function readDatabase(path: string, parameter: string | undefined): number {
  if (path !== '' && parameter !== undefined)
    throw new InvalidUrlError('The Redis address names the database twice: by its path and by "db".');
  const text = path || (parameter ?? '0');
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidUrlError('The database of the Redis address must be a number, as in redis://localhost:6379/0.');
  return Number(text);
}

function readLogin(login: string | undefined): RedisOptions {
  if (login === undefined || login === '') return {};
  const colon = login.indexOf(':');
  if (colon < 0)
    throw new InvalidUrlError('The login of the Redis address lacks a password: write user:password@ or :password@.');
  const username = decode(login.slice(0, colon), 'user name');
  return { password: decode(login.slice(colon + 1), 'password'), ...(username && { username }) };
}

/** @returns the value of `db`, the only parameter there is */
function readQuery(query: string): string | undefined {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (name === 'db') continue;
    if (query.includes('@'))
      throw new InvalidUrlError('A "?" in the login of the Redis address must be written as %3F.');
    throw new InvalidUrlError(
      `The Redis address has an unknown parameter "${name}". Known: db. Other settings go into the option "redis".`,
    );
  }
  if (parameters.getAll('db').length > 1) throw new InvalidUrlError('The Redis address names the database twice.');
  return parameters.get('db') ?? undefined;
}

function decode(text: string, part: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Falls through to the error, which must not quote the text: it may be the password.
  }
  throw new InvalidUrlError(`The ${part} in the Redis address is not properly percent-encoded.`);
}
