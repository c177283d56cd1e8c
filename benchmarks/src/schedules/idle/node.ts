// A node process whose schedules are far from due: reports what it uses while nothing happens.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';
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
countStatements();
const tick = defineTask<(number: number) => void>('tick');
const scheduler = new Scheduler(new Flowrra(), { backend: url, tasks: [tick] });
await scheduler.start();
await sleep(SETTLE);
process.send?.('idle');
statements = 0;
const before = process.cpuUsage();
await sleep(Number(milliseconds));
const { user, system } = process.cpuUsage(before);
const use: IdleUse = { cpu: (user + system) / 1_000, sqliteStatements: statements };
process.send?.(use);

/** Counts what the driver of SQLite is asked for, but for looks at the version of the file. */
function countStatements(): void {
  const { prepare } = Sqlite.prototype;
  Sqlite.prototype.prepare = function (this: Sqlite.Database, source: string) {
    if (!/^pragma data_version/i.test(source)) statements++;
    return prepare.call(this, source);
  } as typeof prepare;
}
