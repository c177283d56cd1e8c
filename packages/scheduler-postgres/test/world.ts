import { randomBytes } from 'node:crypto';
import { ALL_TABLES } from '@flowrra/scheduler/sql';
import { postgresForTests } from '@flowrra/testing-servers/vitest-postgres';
import pg from 'pg';
import { PostgreSQLSchedulerBackend, type PostgreSQLSchedulerOptions } from '../src/index.js';

export type Row = Record<string, unknown>;

/** A set of tables of a test's own, and whoever works on it. */
export class World {
  readonly prefix = `t${randomBytes(6).toString('hex')}_`;
  readonly url: string;
  readonly #backends: PostgreSQLSchedulerBackend[] = [];

  constructor(url: string = postgresForTests()) {
    this.url = url;
  }

  /** Another node: nothing is opened yet. */
  backend(
    options: PostgreSQLSchedulerOptions = {},
    target: ConstructorParameters<typeof PostgreSQLSchedulerBackend>[0] = this.url,
  ) {
    const backend = new PostgreSQLSchedulerBackend(target, { tablePrefix: this.prefix, ...options });
    this.#backends.push(backend);
    return backend;
  }

  /** Runs statements past all backends. */
  async query(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client(this.url);
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend.close()));
    const tables = ALL_TABLES.map((name) => `${this.prefix}${name}`);
    await this.query(`drop table if exists ${tables.join(', ')}`);
  }
}
