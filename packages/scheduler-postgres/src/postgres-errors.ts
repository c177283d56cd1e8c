import { FlowrraError } from '@flowrra/core';
import { networkTrouble, type SqlErrorKind, type Trouble, troubleError } from '@flowrra/scheduler/sql';

const unavailable = (what: string): Trouble => ({ kind: 'unavailable', what });
const refused = (what: string): Trouble => ({ kind: 'refused', what });

/** By SQLSTATE, or its class of two characters. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  '28': refused('refuses this user name or password'),
  '3D000': refused('has no database of that name: create it, as with createdb'),
  '3F000': refused('has no schema to work in: create the one that search_path names'),
  '42501': refused('refuses this user a permission: it needs CREATE and USAGE on the schema, or must own the tables'),
  '42P01': refused(
    'lacks a table of Flowrra: it was dropped. Restore it from a backup; or drop the other tables with its prefix too, and ' +
      'restart the process: it makes all of them again, empty',
  ),
  '25006': unavailable('is read-only: a replica, or set so. Connect to the primary'),
  '53100': { kind: 'full', what: 'is out of disk space' },
  '53200': unavailable('is out of memory'),
  '53300': unavailable('has no room for another connection. Lower poolSize, or raise max_connections'),
  '40001': unavailable('kept colliding with other transactions. Try again'),
  '40P01': unavailable('kept running into deadlocks with other transactions. Try again'),
  '55P03': unavailable('holds a lock for somebody else. Try again'),
  '57014': unavailable('took too long for a statement and ended it. Is it overloaded?'),
  '57P03': unavailable('is starting up or shutting down. Try again'),
  '57': unavailable('ended the connection. Try again'),
  '08': unavailable('ended the connection. Try again'),
  '25P03': unavailable('ended a transaction that this process left alone for too long. Try again'),
};

const KINDS: Readonly<Record<string, SqlErrorKind>> = {
  '23505': 'duplicate-key',
  '40001': 'conflict',
  '40P01': 'conflict',
  '55P03': 'busy',
  '53300': 'busy',
  '57P03': 'busy',
  '57P01': 'connection-lost',
  '57P02': 'connection-lost',
  '57P05': 'connection-lost',
  '25P03': 'connection-lost',
  '08': 'connection-lost',
};

/** What pg itself says, which has no codes. */
const NOT_CONNECTED = /timeout expired|timeout exceeded when trying to connect|connection timeout/i;
const LOST = /^Connection terminated|is not queryable|Query read timeout|Connection ended unexpectedly/i;

/** What an error of pg means for the work that it interrupted. */
export function kindOfPostgresError(err: unknown): SqlErrorKind {
  const state = sqlState(err);
  if (state !== null) return byState(KINDS, state) ?? 'other';
  const text = messageOf(err);
  if (NOT_CONNECTED.test(text)) return 'other';
  return networkTrouble(err)?.connected || LOST.test(text) ? 'connection-lost' : 'other';
}

/** The one place that turns what pg throws into Flowrra's errors. @param label has no login */
export function translatePostgresError(err: unknown, label: string): FlowrraError {
  if (err instanceof FlowrraError) return err;
  const text = messageOf(err);
  return troubleError(label, troubleOf(err, text), err);
}

/** Whether the server sent it; whatever else pg throws is about the connection or its use. */
export function isServerError(err: unknown): boolean {
  return sqlState(err) !== null;
}

function troubleOf(err: unknown, text: string): Trouble {
  const state = sqlState(err);
  if (state !== null) return byState(TROUBLES, state) ?? refused(`refuses a statement (${state}): ${text}`);
  const network = networkTrouble(err);
  if (network) return network;
  if (NOT_CONNECTED.test(text))
    return unavailable('gave no connection in time. Is it running, and is poolSize enough?');
  if (/does not support SSL/.test(text)) return refused('speaks no TLS: leave sslmode out, or switch ssl on there');
  if (/password must be a (non-empty )?string/.test(text)) return refused('wants a password: put it into the address');
  if (LOST.test(text)) return unavailable(`was lost or did not answer: ${text}. Try again`);
  return refused(`cannot be used: ${text}`);
}

function byState<Value>(table: Readonly<Record<string, Value>>, state: string): Value | undefined {
  return table[state] ?? table[state.slice(0, 2)];
}

/** The SQLSTATE of an error that the server sent. */
function sqlState(err: unknown): string | null {
  const { code, severity } = (err ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && severity !== undefined ? code : null;
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
