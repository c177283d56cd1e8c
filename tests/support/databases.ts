import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_TABLES } from '@flowrra/scheduler/sql';
import { mysqlForTests } from '@flowrra/testing-servers/vitest-mysql';
import { postgresForTests } from '@flowrra/testing-servers/vitest-postgres';
import mysql from 'mysql2/promise';
import pg from 'pg';

/** The engines that schedules can be kept in, as `getSchedulerBackend` calls them. */
export const ENGINES = ['sqlite', 'postgresql', 'mysql'] as const;
export type Engine = (typeof ENGINES)[number];

/** Tables of a test's own, which are made by the first use. */
export interface Database {
  readonly url: string;
  /** For `getSchedulerBackend`. */
  readonly options: { readonly tablePrefix: string };
  /** Leaves nothing behind. */
  drop(): Promise<void>;
}

/** @param serverUrl default: the server of the test run */
export function newDatabase(engine: Engine, serverUrl?: string): Database {
  const options = { tablePrefix: `t${randomUUID().slice(0, 8)}_` };
  if (engine === 'sqlite') return newFile(options);
  const url = serverUrl ?? (engine === 'postgresql' ? postgresForTests() : mysqlForTests());
  const tables = ALL_TABLES.map((name) => options.tablePrefix + name);
  const statement = `drop table if exists ${tables.join(', ')}`;
  return { url, options, drop: () => (engine === 'postgresql' ? toPostgres : toMysql)(url, statement) };
}

function newFile(options: Database['options']): Database {
  const folder = mkdtempSync(join(tmpdir(), 'flowrra-schedules-'));
  return {
    url: `sqlite://${join(folder, 'schedules.db')}`,
    options,
    drop: async () => rmSync(folder, { recursive: true }),
  };
}

async function toPostgres(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function toMysql(url: string, statement: string): Promise<void> {
  const connection = await mysql.createConnection(url);
  await connection.query(statement);
  await connection.end();
}
