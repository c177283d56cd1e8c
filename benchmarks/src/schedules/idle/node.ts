// A node process whose schedules are far from due: reports what it uses while nothing happens.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';
import { SQLiteSchedulerBackend } from '@flowrra/scheduler-sqlite';
import Sqlite from 'better-sqlite3';

/** What the process uses in the time that it was asked to look at. */
export interface IdleUse {
  /** Milliseconds. */
  readonly cpu: number;
  /** Statements that its SQLite driver ran, without looks at the version of the file; 0 with a server. */
  readonly sqliteStatements: number;
}

/** Connections are made, the first rounds are over, and what they left behind is collected. */
const SETTLE = 20_000;

const [, , url = '', milliseconds] = process.argv;
let statements = 0;
const tick = defineTask<(number: number) => void>('tick');
const scheduler = new Scheduler(new Flowrra(), { backend: openStore(), tasks: [tick] });
await scheduler.start();
await sleep(SETTLE);
process.send?.('idle');
statements = 0;
const before = process.cpuUsage();
await sleep(Number(milliseconds));
const { user, system } = process.cpuUsage(before);
const use: IdleUse = { cpu: (user + system) / 1_000, sqliteStatements: statements };
process.send?.(use);

function openStore(): string | SQLiteSchedulerBackend {
  if (!url.startsWith('sqlite:')) return url;
  const verbose = (statement: unknown): void => {
    if (!/^pragma data_version/i.test(String(statement))) statements++;
  };
  const database = new Sqlite(url.slice('sqlite://'.length), { timeout: 0, verbose });
  database.pragma('journal_mode = WAL');
  return new SQLiteSchedulerBackend(database);
}
