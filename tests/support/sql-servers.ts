import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { BaseSchedulerBackend, Clock } from '@flowrra/core';
import { ALL_TABLES } from '@flowrra/scheduler/sql';
import { MySQLSchedulerBackend } from '@flowrra/scheduler-mysql';
import { PostgreSQLSchedulerBackend } from '@flowrra/scheduler-postgres';
import { type PrivateServer, startMariadb, startPostgres } from '@flowrra/testing-servers';
import { mysqlForTests } from '@flowrra/testing-servers/vitest-mysql';
import { postgresForTests } from '@flowrra/testing-servers/vitest-postgres';
import { type CompiledQuery, Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import { createPool } from 'mysql2';
import pg from 'pg';

export type Row = Record<string, unknown>;

export interface BackendOptions {
  readonly poolSize?: number;
  readonly clock?: Clock;
}

/** Tables of a test's own on a server, and who works on them. */
export interface World {
  readonly url: string;
  readonly prefix: string;
  /** Another node: nothing is opened yet. */
  backend(options?: BackendOptions): BaseSchedulerBackend;
  /** A node whose statements are noted in `statements`. */
  watched(statements: CompiledQuery[]): BaseSchedulerBackend;
  /** Runs a statement past all nodes. */
  query(text: string): Promise<Row[]>;
  /** Ends all nodes and drops the tables. */
  close(): Promise<void>;
}

/** A database server, and where tests have to speak its language. */
export interface SqlServer {
  readonly name: string;
  start(options?: { extraConfig?: string[]; password?: string }): Promise<PrivateServer>;
  /** @param url default: the server of the test run */
  world(url?: string): World;
  /** The package's name and class, for programs of a process of their own. */
  readonly module: { readonly name: string; readonly className: string };
  /** Ends every session of the server but the one that asks. */
  endSessions(world: World): Promise<void>;
  /** Stops the server with all its processes, or lets them go on. */
  signal(own: PrivateServer, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** A line of configuration that gives sessions the time zone of India. */
  readonly oddZone: string;
  /** A line of configuration that ends transactions which are left alone for a second. */
  readonly idleLimit: string;
  /** A line of configuration that refuses writes. */
  readonly readOnly: string;
  /** Makes the next `times` claims fail with an error of the server; returns how to count the attempts. */
  failClaims(world: World, error: string, times: number): Promise<() => Promise<number>>;
  /** What is bad about the server's plan for a query: tables that are read from end to end, and sorting of many rows. */
  planFaults(world: World, query: CompiledQuery): Promise<string[]>;
  /** Lets the server learn how its tables look by now. */
  analyze(world: World): Promise<unknown>;
  /** Makes a user that may only read, and returns its URL. */
  reader(world: World): Promise<string>;
  /** Holds the lock of a schedule's row while `work` goes on. */
  holdRow<T>(world: World, id: string, work: () => Promise<T>): Promise<T>;
  /** What the server answers to who is the victim of a deadlock, and others that deserve another attempt. */
  readonly conflicts: readonly string[];
  /** What it answers to who waited too long for somebody else's lock. */
  readonly lockedOut: string;
  /** Transactions in which nothing happens at the moment. */
  idleTransactions(world: World): Promise<number>;
}

function newWorld(
  url: string,
  make: (prefix: string, options: BackendOptions) => BaseSchedulerBackend,
  makeWatched: (prefix: string, log: (query: CompiledQuery) => void) => [BaseSchedulerBackend, Kysely<unknown>],
  query: (text: string) => Promise<Row[]>,
): World {
  const prefix = `t${randomUUID().slice(0, 8)}_`;
  const ends: (() => Promise<void>)[] = [];
  return {
    url,
    prefix,
    backend(options = {}) {
      const backend = make(prefix, options);
      ends.push(() => backend.close());
      return backend;
    },
    watched(statements) {
      const [backend, db] = makeWatched(prefix, (compiled) => statements.push(compiled));
      ends.push(() => backend.close().then(() => db.destroy()));
      return backend;
    },
    query,
    async close() {
      await Promise.all(ends.map((end) => end()));
      await query(`drop table if exists ${ALL_TABLES.map((name) => prefix + name).join(', ')}`);
    },
  };
}

const postgres: SqlServer = {
  name: 'PostgreSQL',
  start: startPostgres,
  module: { name: '@flowrra/scheduler-postgres', className: 'PostgreSQLSchedulerBackend' },
  conflicts: ['40001', '40P01'],
  lockedOut: '55P03',
  oddZone: "timezone = 'Asia/Kolkata'",
  idleLimit: 'idle_in_transaction_session_timeout = 1s',
  readOnly: 'default_transaction_read_only = on',
  world(url = postgresForTests()) {
    return newWorld(
      url,
      (tablePrefix, options) => new PostgreSQLSchedulerBackend(url, { tablePrefix, ...options }),
      (tablePrefix, log) => {
        const dialect = new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) });
        const db = new Kysely<unknown>({ dialect, log: ({ query }) => log(query) });
        return [new PostgreSQLSchedulerBackend(db, { tablePrefix }), db];
      },
      async (text) => {
        const client = new pg.Client(url);
        await client.connect();
        try {
          return (await client.query(text)).rows ?? [];
        } finally {
          await client.end();
        }
      },
    );
  },
  async signal({ pid }, signal) {
    // A process for each session.
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    for (const child of [pid, ...children.trim().split(' ').map(Number)]) process.kill(child, signal);
  },
  async endSessions({ query }) {
    await query(`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and backend_type = 'client backend'`);
  },
  async idleTransactions({ query }) {
    const [row] = await query("select count(*) as n from pg_stat_activity where state like 'idle in transaction%'");
    return Number(row?.n);
  },
  async planFaults({ url, prefix }, { sql, parameters }) {
    const client = new pg.Client(url);
    await client.connect();
    try {
      const { rows } = await client.query(`explain (format json) ${sql}`, [...parameters]);
      return postgresFaults(rows[0]?.['QUERY PLAN'][0].Plan, prefix);
    } finally {
      await client.end();
    }
  },
  analyze: ({ query, prefix }) => query(`analyze ${prefix}schedules; analyze ${prefix}firings`),
  async reader({ url, query }) {
    const user = `reader_${randomUUID().slice(0, 8)}`;
    await query(`create role ${user} login; revoke create on schema public from public`);
    return url.replace('postgres@', `${user}@`);
  },
  async holdRow({ url, prefix }, id, work) {
    const client = new pg.Client(url);
    await client.connect();
    try {
      await client.query('begin');
      await client.query(`select 1 from ${prefix}schedules where id = $1 for update`, [id]);
      return await work();
    } finally {
      await client.end();
    }
  },
  async failClaims({ prefix, query }, state, times) {
    await query(`create sequence ${prefix}attempts;
      create function ${prefix}fail() returns trigger language plpgsql as $$ begin
        if nextval('${prefix}attempts') <= ${times} then raise exception 'made by a test' using errcode = '${state}'; end if;
        return null;
      end $$;
      create trigger fail before insert on ${prefix}firings for each statement execute function ${prefix}fail()`);
    return async () => {
      const [row] = await query(`select last_value from ${prefix}attempts`);
      await query(`drop table ${prefix}firings; drop function ${prefix}fail(); drop sequence ${prefix}attempts`);
      return Number(row?.last_value);
    };
  },
};

const mysql: SqlServer = {
  name: 'MariaDB',
  start: startMariadb,
  module: { name: '@flowrra/scheduler-mysql', className: 'MySQLSchedulerBackend' },
  conflicts: ['1213'],
  lockedOut: '1205',
  oddZone: "default-time-zone = '+05:30'",
  idleLimit: 'idle-transaction-timeout = 1',
  readOnly: 'read-only = 1',
  world(url = mysqlForTests()) {
    return newWorld(
      url,
      (tablePrefix, options) => new MySQLSchedulerBackend(url, { tablePrefix, ...options }),
      (tablePrefix, log) => {
        const dialect = new MysqlDialect({ pool: createPool(url) });
        const db = new Kysely<unknown>({ dialect, log: ({ query }) => log(query) });
        return [new MySQLSchedulerBackend(db, { tablePrefix }), db];
      },
      async (text) => {
        const pool = createPool({ uri: url, connectionLimit: 1, multipleStatements: true }).promise();
        try {
          const [rows] = await pool.query(text);
          return Array.isArray(rows) ? (rows as Row[]) : [];
        } finally {
          await pool.end();
        }
      },
    );
  },
  signal: (own, signal) => own.kill(signal),
  async endSessions({ query }) {
    const sessions = await query(`select id from information_schema.processlist
      where id <> connection_id() and user <> 'system user'`);
    for (const { id } of sessions) await query(`kill ${Number(id)}`).catch(() => {});
  },
  async idleTransactions({ query }) {
    const [row] = await query('select count(*) as n from information_schema.innodb_trx where trx_query is null');
    return Number(row?.n);
  },
  async planFaults({ url, prefix }, { sql, parameters }) {
    const pool = createPool({ uri: url, connectionLimit: 1 }).promise();
    try {
      const [rows] = await pool.query(`explain ${sql}`, [...parameters]);
      return (rows as Row[]).flatMap((row) => mariadbFaults(row, prefix));
    } finally {
      await pool.end();
    }
  },
  analyze: ({ query, prefix }) => query(`analyze table ${prefix}schedules; analyze table ${prefix}firings`),
  async reader({ url, query }) {
    const user = `reader_${randomUUID().slice(0, 8)}`;
    await query(`create user ${user}@'127.0.0.1'; grant select on flowrra.* to ${user}@'127.0.0.1'`);
    return url.replace('root@', `${user}@`);
  },
  async holdRow({ url, prefix }, id, work) {
    const pool = createPool({ uri: url, connectionLimit: 1 }).promise();
    try {
      await pool.query('begin');
      await pool.query(`select 1 from ${prefix}schedules where id = ? for update`, [id]);
      return await work();
    } finally {
      await pool.end();
    }
  },
  async failClaims({ prefix, query }, number, times) {
    // A table without transactions counts also what is rolled back.
    await query(`create table ${prefix}attempts (n int) engine = myisam; insert into ${prefix}attempts values (0);
      create trigger ${prefix}fail before insert on ${prefix}firings for each row begin
        update ${prefix}attempts set n = n + 1;
        if (select n from ${prefix}attempts) <= ${times} then
          signal sqlstate '40001' set mysql_errno = ${Number(number)}, message_text = 'made by a test';
        end if;
      end`);
    return async () => {
      const [row] = await query(`select n from ${prefix}attempts`);
      await query(`drop table ${prefix}attempts`);
      return Number(row?.n);
    };
  },
};

/** A node of PostgreSQL's plan and what is below it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly PlanNode[];
}

function postgresFaults(node: PlanNode, prefix: string): string[] {
  const { 'Node Type': type, 'Relation Name': table, 'Plan Rows': rows } = node;
  const faults = (node.Plans ?? []).flatMap((below) => postgresFaults(below, prefix));
  if (type === 'Seq Scan' && table?.startsWith(prefix)) faults.push(`reads all of ${table}`);
  if (type === 'Sort' && rows > 1_000) faults.push(`sorts ${rows} rows`);
  return faults;
}

function mariadbFaults({ table, type, key, rows, Extra }: Row, prefix: string): string[] {
  if (!String(table).startsWith(prefix) && !['s', 'f'].includes(String(table))) return [];
  const faults = type === 'ALL' || (type === 'index' && Number(rows) > 1_000) ? [`reads all of ${table} (${key})`] : [];
  return String(Extra).includes('filesort') ? [...faults, `sorts ${table}`] : faults;
}

export const SQL_SERVERS: readonly SqlServer[] = [postgres, mysql];
