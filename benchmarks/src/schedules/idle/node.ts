// A node process whose schedules are far from due: reports what it uses while nothing happens.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, Flowrra } from '@flowrra/core';
import { defineSchedule, Scheduler } from '@flowrra/scheduler';
import { SQLiteSchedulerBackend } from '@flowrra/scheduler-sqlite';
import Sqlite from 'better-sqlite3';

/** What the process uses in the time that it was asked to look at. */
export interface IdleUse {
  /** Milliseconds. */
  readonly cpu: number;
  /** Statements that its SQLite driver ran, without looks at the version of the file; 0 with a server. */
  readonly sqliteStatements: number;
}

const HALF_A_YEAR = 182 * 86_400_000;
/** Connections are made, and the first rounds are over. */
const SETTLE = 2_000;

const [, , url = '', count, milliseconds] = process.argv;
let statements = 0;
const tick = defineTask<(number: number) => void>('tick');
const scheduler = new Scheduler(new Flowrra(), { backend: openStore(), tasks: [tick] });
const day = new Date(Date.now() + HALF_A_YEAR);
const cron = `0 3 ${day.getUTCDate()} ${day.getUTCMonth() + 1} *`;
const schedules = Array.from({ length: Number(count) }, (_, i) =>
  defineSchedule({ id: `schedule-${i}`, task: tick, cron, args: [i] }),
);
await scheduler.apply(schedules, { owner: 'bench' });
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
