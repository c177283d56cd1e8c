import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariadb, startPostgres } from '@flowrra/testing-servers';

/** A database of its own, by the URL that `getSchedulerBackend` takes. */
export interface Database {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * How each engine is started. All are durable, as they are by default: a commit is on the disk before it is confirmed (SQLite
 * in WAL mode with `synchronous = FULL`, as Flowrra opens its files).
 */
export const ENGINES = {
  SQLite: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flowrra-bench-'));
    return { url: `sqlite://${folder}/schedules.db`, stop: () => rm(folder, { recursive: true }) };
  },
  PostgreSQL: () => startPostgres({ durable: true }),
  MariaDB: () => startMariadb({ durable: true }),
} satisfies Record<string, () => Promise<Database>>;

export type EngineName = keyof typeof ENGINES;

export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];
