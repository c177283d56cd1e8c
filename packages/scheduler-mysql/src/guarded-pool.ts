import type { Socket } from 'node:net';
import { StoreUnavailableError, systemClock } from '@flowrra/core';
import type { MysqlPool, MysqlPoolConnection } from 'kysely';
import type { Pool, PoolConnection } from 'mysql2';
import { isServerError } from './mysql-errors.js';

/** Milliseconds after which a server that does not answer a query is taken for gone. */
const QUERY_TIMEOUT = 12_000;
/** Milliseconds that a call waits for a connection; mysql2 would wait for ever. */
const ACQUIRE_TIMEOUT = 9_000;

export interface GuardedPool extends MysqlPool {
  /** Ends the connections that Kysely has not given back: their server does not answer. */
  endInUse(): void;
}

/**
 * The pool as Kysely sees it: every connection gets `settings` before its first use, waiting for one has an end, and a
 * connection that was lost, or whose query is still unanswered, is not used again.
 * @param settings statements
 * @param owned whether nobody else uses the pool: then its idle connections keep no process alive
 */
export function guardedPool(pool: Pool, settings: readonly string[], owned: boolean): GuardedPool {
  const inUse = new Set<GuardedConnection>();
  const prepared = new WeakSet<PoolConnection>();
  // A pool of the user's may give every session its first settings back; mysql2's types do not tell.
  const { resetOnRelease = false } = (pool as { config?: { resetOnRelease?: boolean } }).config ?? {};
  const prepare = async (connection: PoolConnection) => {
    if (prepared.has(connection) && !resetOnRelease) return;
    // mysql2 listens for one error of a connection; a second one would end the process.
    if (!prepared.has(connection)) connection.on('error', () => {});
    for (const statement of settings) await connection.promise().query({ sql: statement, timeout: QUERY_TIMEOUT });
    prepared.add(connection);
  };
  return {
    getConnection(done) {
      acquire(pool)
        .then(async (connection) => {
          await prepare(connection).catch((err: unknown) => {
            connection.destroy();
            throw err;
          });
          const guarded = guardedConnection(connection, owned, () => inUse.delete(guarded));
          inUse.add(guarded);
          return guarded;
        })
        .then(
          (connection) => done(null, connection),
          // Its caller does not look at the connection then.
          (err: unknown) => (done as (err: unknown) => void)(err),
        );
    },
    end: (done) => done(null),
    endInUse() {
      for (const connection of inUse) connection.giveUp();
    },
  };
}

function acquire(pool: Pool): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = systemClock.after(ACQUIRE_TIMEOUT, () => {
      late = true;
      reject(
        new StoreUnavailableError(
          `No connection was free for ${ACQUIRE_TIMEOUT / 1_000} s. Raise poolSize, or ask less at a time.`,
        ),
      );
    });
    pool.getConnection((err, connection) => {
      if (late) return connection?.release();
      timer.cancel();
      if (err) reject(err);
      else resolve(connection);
    });
  });
}

interface GuardedConnection extends MysqlPoolConnection {
  /** Ends it, and the query under way: its server does not answer. */
  giveUp(): void;
}

function guardedConnection(connection: PoolConnection, owned: boolean, onRelease: () => void): GuardedConnection {
  let broken = false;
  let fail: (err: Error) => void = () => {};
  // mysql2's types leave the socket out.
  const { stream: socket } = connection as { stream?: Socket };
  if (owned) socket?.ref();
  const giveUp = () => {
    broken = true;
    connection.destroy();
    // It would wait for the server to hang up as well.
    socket?.destroy();
    fail(Object.assign(new Error('The query was not answered in time.'), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' }));
  };
  const query = (sql: string, values: unknown[], done: (err: unknown, result?: unknown) => void) => {
    // mysql2's own timer goes on when its connection is destroyed, and keeps the process alive.
    const timer = systemClock.after(QUERY_TIMEOUT, giveUp);
    let answered = false;
    const answer = (err: (Error & { fatal?: boolean }) | null, result?: unknown) => {
      if (answered) return;
      answered = true;
      timer.cancel();
      if (err && (err.fatal || !isServerError(err))) broken = true;
      done(err, result);
    };
    fail = answer;
    connection.query({ sql, values }, answer);
  };
  return {
    // Kysely's second form of it streams, which nobody does here.
    query: query as unknown as MysqlPoolConnection['query'],
    giveUp,
    release() {
      onRelease();
      if (owned) socket?.unref();
      if (broken) connection.destroy();
      else connection.release();
    },
  };
}
