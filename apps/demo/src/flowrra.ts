import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Flowrra } from '@flowrra/core';
import { runFolder } from './run-folder.js';
import { isWorker, runId } from './run-id.js';
import { logToScreen } from './screen.js';

/** Where tasks travel and results are kept; without it both stay in this process. */
export const redisUrl = process.env.REDIS_URL || null;

/** Where schedules are kept: PostgreSQL, MySQL or MariaDB; without it a SQLite file that goes with the run. */
export const ownDatabase = `sqlite://${pathToFileURL(join(runFolder, 'schedules.db')).pathname}`;
export const databaseUrl = process.env.DATABASE_URL || ownDatabase;

/** Worker processes of a run over Redis. */
export const WORKERS = 2;

/** The wiring: one app, imported by the producer and by the workers alike. */
export const app = new Flowrra({
  url: redisUrl,
  // Every run lives under keys of its own, so that runs do not meet.
  keyPrefix: keyPrefixOf(runId),
  // The producer awaits every result at once; what it leaves behind, should it be killed, goes by itself.
  backend: { ttl: '1m' },
  executor: {
    ioWorkers: 10,
    cpuWorkers: Math.max(1, Math.floor(availableParallelism() / (isWorker ? WORKERS : 1))),
    // Short, so that the tasks of a killed worker come back quickly.
    lease: '3s',
    stopGrace: '5s',
  },
  logger: logToScreen,
});

export function keyPrefixOf(run: string): string {
  return `flowrra-demo-${run}`;
}
