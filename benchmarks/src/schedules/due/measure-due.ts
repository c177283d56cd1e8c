import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis } from '@flowrra/testing-servers';
import { Child } from '../../measuring/child.js';
import type { Stores } from './due-system.js';
import type { Started } from './node.js';
import type { DueSystemName } from './systems.js';
import { WATCHES, type Watch } from './watches.js';

const NODE = new URL('node.js', import.meta.url);
const LOOK_EVERY = 10;

export interface DueOptions {
  readonly count: number;
  /** Milliseconds from the beginning to the due instant at least: creating the schedules has to fit in. */
  readonly lead: number;
  /** Due instants are multiples of so many milliseconds. */
  readonly granularity: number;
  /** Milliseconds after the due instant at which the watching ends; who is not done gets this as figure. */
  readonly cap: number;
}

/** Seconds; all but the first from the due instant on. As all slots are due at once, what is true of 99 % is their p99. */
export interface DueFigures {
  readonly creating: number;
  /** Until the last job is enqueued. */
  readonly enqueued: number;
  /** Until that is so, and every schedule stands at its next slot. */
  readonly served: number;
  /** Until 99 % are served. */
  readonly p99: number;
}

type Times = Omit<DueFigures, 'creating'>;

/** Lets one system, with new stores, serve schedules that are all due at once. */
export async function measureDue(system: DueSystemName, options: DueOptions): Promise<DueFigures> {
  // A machine that has other things to do needs longer for creating the schedules.
  for (let lead = options.lead; ; lead *= 2) {
    const figures = await withStores((stores) => serve(system, stores, { ...options, lead }));
    if (figures !== 'late') return figures;
  }
}

async function withStores<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'flowrra-bench-'));
  // Every queue of pg-boss is a table, and each takes locks.
  const extraConfig = ['max_locks_per_transaction = 1024'];
  const [redis, postgres] = await Promise.all([
    startRedis({ appendonly: true }),
    startPostgres({ durable: true, extraConfig }),
  ]);
  try {
    return await work({ redis: redis.url, postgres: postgres.url, sqlite: join(folder, 'schedules.db') });
  } finally {
    await Promise.all([redis.stop(), postgres.stop(), rm(folder, { recursive: true })]);
  }
}

/** @returns `late` when the schedules were due before the node was ready */
async function serve(
  system: DueSystemName,
  stores: Stores,
  { count, lead, granularity, cap }: DueOptions,
): Promise<DueFigures | 'late'> {
  const due = new Date(Math.ceil((Date.now() + lead) / granularity) * granularity);
  const child = Child.start(NODE, [system, JSON.stringify(stores), count, due.getTime()]);
  try {
    const { creating } = await child.hear<Started>();
    const watch = await WATCHES[system](stores, count);
    try {
      const early = due.getTime() - Date.now();
      if (early < 0) return 'late';
      await sleep(early);
      const times = await timesOf(watch, { count, due, cap });
      await checkOnce(system, watch, { count, due, finished: times.served * 1_000 < cap });
      return { creating, ...times };
    } finally {
      await watch.close();
    }
  } finally {
    await child.kill();
  }
}

async function timesOf(watch: Watch, { count, due, cap }: { count: number; due: Date; cap: number }): Promise<Times> {
  const never = cap / 1_000;
  const times = { enqueued: never, served: never, p99: never };
  while (times.served === never) {
    const { enqueued, served } = await watch.progress(due);
    const late = (Date.now() - due.getTime()) / 1_000;
    if (late >= never) break;
    if (enqueued >= count) times.enqueued = Math.min(times.enqueued, late);
    if (served >= count * 0.99) times.p99 = Math.min(times.p99, late);
    if (served >= count) times.served = late;
    else await sleep(LOOK_EVERY);
  }
  return times;
}

/** @throws when there are more jobs than slots, or fewer a while after all were there */
async function checkOnce(
  system: DueSystemName,
  watch: Watch,
  { count, due, finished }: { count: number; due: Date; finished: boolean },
): Promise<void> {
  if (finished) await sleep(500);
  const { served } = await watch.progress(due);
  if (served > count || (finished && served < count))
    throw new Error(`${system} enqueued ${served} jobs for ${count} slots.`);
}
