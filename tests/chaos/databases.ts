import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PrivateServer, startMariadb, startPostgres } from '@flowrra/testing-servers';
import Sqlite from 'better-sqlite3';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { Engine } from './plan.js';

const PREFIX = 'chaos_';

/** The database of a run's schedules, and how to trouble it. */
export interface ChaosDatabase {
  /** Null: a file. */
  readonly server: PrivateServer | null;
  /** For `getSchedulerBackend`. `port`: that of a link to the server. */
  target(port?: number): { readonly url: string; readonly options: { readonly tablePrefix: string } };
  /** Ends the sessions of all nodes. */
  endSessions(): Promise<void>;
  /** Holds what a claim needs, for as long as `work` takes. */
  lock(work: () => Promise<void>): Promise<void>;
}

export async function startDatabase(engine: Engine, folder: string): Promise<ChaosDatabase> {
  if (engine === 'sqlite') return sqliteFile(join(folder, 'schedules.db'));
  return engine === 'postgresql'
    ? postgres(await startPostgres({ durable: true }))
    : mariadb(await startMariadb({ durable: true }));
}

function sqliteFile(file: string): ChaosDatabase {
  return {
    server: null,
    target: () => ({ url: `sqlite://${file}`, options: { tablePrefix: PREFIX } }),
    endSessions: async () => {},
    async lock(work) {
      const db = new Sqlite(file, { timeout: 0 });
      try {
        await lockFile(db);
        await work();
      } finally {
        db.close();
      }
    },
  };
}

/** Waits without standing still: the harness carries all links, and may hold the file locked itself. */
async function lockFile(db: Sqlite.Database): Promise<void> {
  for (;;) {
    try {
      db.exec('begin exclusive');
      return;
    } catch (err) {
      if ((err as { code?: string }).code !== 'SQLITE_BUSY') throw err;
      await sleep(10);
    }
  }
}

function postgres(server: PrivateServer): ChaosDatabase {
  async function session<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client(server.url);
    client.on('error', () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
  return {
    server,
    target: (port) => ({ url: through(server, port), options: { tablePrefix: PREFIX } }),
    async endSessions() {
      await session((client) =>
        client.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where pid <> pg_backend_pid() and backend_type = 'client backend'`),
      );
    },
    lock: (work) =>
      session(async (client) => {
        await untilNoDeadlock(async () => {
          // The one that failed is over only then.
          await client.query('rollback');
          await client.query('begin');
          await client.query(`select 1 from ${PREFIX}schedules for update`);
        });
        await work();
      }),
  };
}

function mariadb(server: PrivateServer): ChaosDatabase {
  async function session<T>(work: (connection: mysql.Connection) => Promise<T>): Promise<T> {
    const connection = await mysql.createConnection(server.url);
    connection.on('error', () => {});
    try {
      return await work(connection);
    } finally {
      connection.destroy();
    }
  }
  return {
    server,
    target: (port) => ({ url: through(server, port), options: { tablePrefix: PREFIX } }),
    async endSessions() {
      await session(async (connection) => {
        const [rows] = await connection.query<mysql.RowDataPacket[]>(
          `select id from information_schema.processlist where id <> connection_id() and user <> 'system user'`,
        );
        // One that has just ended by itself is no longer there to kill.
        for (const { id } of rows) await connection.query(`kill ${Number(id)}`).catch(() => {});
      });
    },
    lock: (work) =>
      session(async (connection) => {
        await untilNoDeadlock(async () => {
          await connection.beginTransaction();
          await connection.query(`select 1 from ${PREFIX}schedules for update`);
        });
        await work();
      }),
  };
}

/** Who locks rows that a claim locks as well may be the one that a database sacrifices. */
async function untilNoDeadlock(lock: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await lock();
    } catch (err) {
      const { code } = err as { code?: string };
      if (code !== 'ER_LOCK_DEADLOCK' && code !== '40P01') throw err;
    }
  }
}

function through(server: PrivateServer, port: number | undefined): string {
  if (port === undefined) return server.url;
  const url = new URL(server.url);
  url.port = String(port);
  return url.href;
}
