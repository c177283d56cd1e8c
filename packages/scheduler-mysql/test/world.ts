import { randomBytes } from 'node:crypto';
import { ALL_TABLES } from '@flowrra/scheduler/sql';
import { mysqlForTests } from '@flowrra/testing-servers/vitest-mysql';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { MySQLSchedulerBackend, type MySQLSchedulerOptions } from '../src/index.js';

export type Row = Record<string, unknown>;

/** A set of tables of a test's own, and whoever works on it. */
export class World {
  readonly prefix = `t${randomBytes(6).toString('hex')}_`;
  readonly url: string;
  readonly #backends: MySQLSchedulerBackend[] = [];

  constructor(url: string = mysqlForTests()) {
    this.url = url;
  }

  /** Another node: nothing is opened yet. */
  backend(
    options: MySQLSchedulerOptions = {},
    target: ConstructorParameters<typeof MySQLSchedulerBackend>[0] = this.url,
  ) {
    const backend = new MySQLSchedulerBackend(target, { tablePrefix: this.prefix, ...options });
    this.#backends.push(backend);
    return backend;
  }

  /** Runs statements past all backends. */
  async query(text: string, values: unknown[] = []): Promise<Row[]> {
    const { hostname, port, username, password, pathname } = new URL(this.url);
    const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
    const connection = await mysql.createConnection({
      host: hostname,
      port: Number(port),
      database: pathname.slice(1),
      ...login,
    });
    try {
      return (await connection.query<RowDataPacket[]>(text, values))[0];
    } finally {
      await connection.end();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend.close()));
    const tables = ALL_TABLES.map((name) => `${this.prefix}${name}`);
    await this.query(`drop table if exists ${tables.join(', ')}`);
  }
}
