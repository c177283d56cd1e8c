import { FlowrraError } from '@flowrra/core';
import { networkTrouble, type SqlErrorKind, type Trouble, troubleError } from '@flowrra/scheduler/sql';

const unavailable = (what: string): Trouble => ({ kind: 'unavailable', what });
const refused = (what: string): Trouble => ({ kind: 'refused', what });
const full = (what: string): Trouble => ({ kind: 'full', what });

const LOGIN = refused('refuses this user name or password');
const PERMISSION = refused('refuses this user a permission: it needs CREATE, INDEX, SELECT, INSERT, UPDATE and DELETE');
const READ_ONLY = unavailable('is read-only: a replica, or set so. Connect to the primary');
const ENDED = unavailable('ended the connection. Try again');
const TOO_SLOW = unavailable('took too long for a statement and ended it. Is it overloaded?');

/** By the server's error number. */
const TROUBLES: Readonly<Record<number, Trouble>> = {
  1045: LOGIN,
  1698: LOGIN,
  1044: PERMISSION,
  1142: PERMISSION,
  1143: PERMISSION,
  1227: PERMISSION,
  1049: refused('has no database of that name: create it, as with CREATE DATABASE'),
  1146: refused(
    'lacks a table of Flowrra: it was dropped. Restore it from a backup; or drop the other tables with its prefix too, and ' +
      'restart the process: it makes all of them again, empty',
  ),
  1153: refused('takes no message of this size: raise max_allowed_packet'),
  1792: READ_ONLY,
  1836: READ_ONLY,
  1021: full('is out of disk space'),
  1114: full('has no room left for the table'),
  1040: unavailable('has no room for another connection. Lower poolSize, or raise max_connections'),
  1203: unavailable('gives this user no further connection. Lower poolSize, or raise max_user_connections'),
  1226: unavailable('has given this user all that it may have in an hour, or at a time. Raise the limit of the user'),
  1205: unavailable('holds a lock for somebody else. Try again'),
  1213: unavailable('kept running into deadlocks with other transactions. Try again'),
  1020: unavailable('kept colliding with other transactions. Try again'),
  1047: unavailable('is not ready: its cluster is not complete. Try again'),
  1969: TOO_SLOW,
  3024: TOO_SLOW,
  1317: TOO_SLOW,
  1053: ENDED,
  1927: ENDED,
  4031: ENDED,
};

const KINDS: Readonly<Record<number, SqlErrorKind>> = {
  1062: 'duplicate-key',
  1213: 'conflict',
  1020: 'conflict',
  1205: 'busy',
  1040: 'busy',
  1203: 'busy',
  1047: 'busy',
  1053: 'connection-lost',
  1927: 'connection-lost',
  4031: 'connection-lost',
};

/** What mysql2 itself says. */
const LOST = /^(PROTOCOL_CONNECTION_LOST|PROTOCOL_SEQUENCE_TIMEOUT)$/;
const NOT_USABLE = /closed state|Pool is closed/;

/** What an error of mysql2 means for the work that it interrupted. */
export function kindOfMySQLError(err: unknown): SqlErrorKind {
  const number = numberOf(err);
  // One number for all limits of a user: connections are given back soon.
  if (number === 1226 && /max_user_connections/.test(String(err))) return 'busy';
  if (number !== null) return KINDS[number] ?? 'other';
  return networkTrouble(err)?.connected || isLost(err) ? 'connection-lost' : 'other';
}

/** The one place that turns what mysql2 throws into Flowrra's errors. @param label has no login */
export function translateMySQLError(err: unknown, label: string): FlowrraError {
  return err instanceof FlowrraError ? err : troubleError(label, troubleOf(err), err);
}

/** Whether the server sent it; whatever else mysql2 throws is about the connection or its use. */
export function isServerError(err: unknown): boolean {
  return numberOf(err) !== null;
}

/** Whether it says that an index of this name exists. */
export function isIndexThere(err: unknown): boolean {
  return numberOf(err) === 1061;
}

function troubleOf(err: unknown): Trouble {
  const text = err instanceof Error ? err.message : String(err);
  const number = numberOf(err);
  // The same number stands for every option that forbids a statement.
  if (number === 1290 && /read.only/i.test(text)) return READ_ONLY;
  if (number !== null) return TROUBLES[number] ?? refused(`refuses a statement (${number}): ${text}`);
  const network = networkTrouble(err);
  if (network) return network;
  const code = codeOf(err);
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return refused('speaks no TLS: leave ssl out, or switch it on there');
  if (code === 'HANDSHAKE_SSL_ERROR') {
    return refused(`cannot be trusted (${text}): name its authority in NODE_EXTRA_CA_CERTS, or pass a pool`);
  }
  if (isLost(err)) return unavailable(`was lost or did not answer: ${text.replace(/\.$/, '')}. Try again`);
  return refused(`cannot be used: ${text}`);
}

function isLost(err: unknown): boolean {
  return LOST.test(codeOf(err)) || (err instanceof Error && NOT_USABLE.test(err.message));
}

/** The number of an error that the server sent; errors of the driver and the network have none, or a negative one. */
function numberOf(err: unknown): number | null {
  const { errno, sqlState } = (err ?? {}) as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && errno >= 1_000 && typeof sqlState === 'string' ? errno : null;
}

function codeOf(err: unknown): string {
  const { code } = (err ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
