import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, defineTask, type Firing, Flowrra } from '@flowrra/core';
import { defineSchedule, getSchedulerBackend, Scheduler } from '@flowrra/scheduler';
import { expect, inject, type TestContext, vi } from 'vitest';
import { type Engine, newDatabase } from './databases.js';
import { type NodeProcess, startNode } from './node-process.js';
import { intervalSlots, type NextRunReading, type SlotHistory, type WatchedSchedule } from './slot-history.js';
import { silentLogger } from './world.js';

/** The task of tests/fixtures/scheduler.mjs: it notes that it ran. */
export const tick = defineTask<() => void>('tick', { retries: 0 });

/** A line of the file in which the processes note what they do. */
export interface LedgerLine {
  readonly node: string;
  readonly event: 'ran' | 'pushed' | 'log' | 'stopped';
  readonly id?: string;
  readonly fence?: number;
  readonly message?: string;
}

export interface NodeOptions {
  /** Whether it runs tasks too. Default true. */
  readonly executes?: boolean;
  /** Whether it is a scheduler node at all. Default true. */
  readonly schedules?: boolean;
  /** By how many milliseconds its clock is wrong. */
  readonly skew?: number;
  /** Kills itself at that push. */
  readonly dies?: { readonly when: 'before' | 'after'; readonly push: number };
}

export interface SchedulerNodeProcess extends NodeProcess {
  health(): Promise<{ firing: boolean; error: string | null }>;
}

export interface IntervalPlan {
  readonly count: number;
  readonly every: number;
  /** The first slot of the first schedule; those of the others come `spread` ms after each other. Default 0. */
  readonly first: number;
  readonly spread?: number;
  /** No slot after it. */
  readonly last: number;
}

export interface SchedulersOptions {
  readonly redisUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
}

/**
 * Scheduler nodes in processes of their own, on one database and one Redis (those of the test run, unless others are
 * named), and this process, which defines schedules, looks on, and fires nothing.
 */
export async function openSchedulers(
  engine: Engine,
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  options: SchedulersOptions = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'flowrra-nodes-'));
  const ledgerFile = join(folder, 'ledger.jsonl');
  writeFileSync(ledgerFile, '');
  const database = newDatabase(engine, options.databaseUrl);
  const url = options.redisUrl ?? inject('redisUrl');
  const config: Config = { url, keyPrefix: `test-${randomUUID()}`, executor: { pollInterval: '200ms' } };
  const app = new Flowrra({ ...config, logger: silentLogger });
  const backend = await getSchedulerBackend(database.url, database.options);
  const scheduler = new Scheduler(app, { backend, tasks: [tick] });
  const nodes: NodeProcess[] = [];
  const readings: NextRunReading[] = [];
  const looking = new AbortController();
  const looked = lookOn();

  onTestFinished(async () => {
    looking.abort();
    await Promise.all(nodes.map((node) => node.end()));
    await looked;
    await app.stop({ grace: 0 });
    await backend.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  /** Reads the rows again and again. While the database is away it sees nothing. */
  async function lookOn(): Promise<void> {
    while (!looking.signal.aborted) {
      for (const { id, ...row } of await backend.listAll().catch(() => [])) readings.push({ scheduleId: id, ...row });
      await sleep(400, undefined, { signal: looking.signal }).catch(() => {});
    }
  }

  function ledger(): LedgerLine[] {
    // What follows the last line break is being written.
    const lines = readFileSync(ledgerFile, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as LedgerLine);
  }

  async function firings(schedules: readonly WatchedSchedule[]): Promise<Firing[]> {
    const all: Firing[] = [];
    for (let start = 0; start < schedules.length; start += 50) {
      const some = schedules.slice(start, start + 50);
      const pages = await Promise.all(some.map(({ id }) => backend.listFirings(id, { limit: null })));
      all.push(...pages.flat());
    }
    return all;
  }

  return {
    app,
    backend,
    scheduler,
    database,
    ledger,
    firings,
    /** The database's clock, in epoch ms. */
    now: async () => (await backend.dueTimes()).now.getTime(),

    async node(name: string, nodeOptions: NodeOptions = {}): Promise<SchedulerNodeProcess> {
      const { executes = true, schedules = true, skew = 0, dies = null } = nodeOptions;
      const settings = { config, ledger: ledgerFile, database, node: name, executes, schedules, skew, dies };
      const node = await startNode('scheduler.mjs', settings);
      nodes.push(node);
      return { ...node, health: () => node.ask({}) as ReturnType<SchedulerNodeProcess['health']> };
    },

    /** Registers interval schedules in one transaction. */
    async every({ count, every, first, spread = 0, last }: IntervalPlan): Promise<WatchedSchedule[]> {
      const starts = Array.from({ length: count }, (_, index) => new Date(first + index * spread));
      const endAt = new Date(last);
      const idOf = (index: number): string => `every-${every}-${index}`;
      const { created } = await scheduler.apply(
        starts.map((startAt, index) => defineSchedule({ id: idOf(index), task: tick, every, startAt, endAt })),
        { owner: `every-${every}` },
      );
      // On a busy machine the first ones may be past by then: a schedule has no slots before it exists.
      const createdAt = Number(created[0]?.schedule.createdAt);
      return starts.map((start, index) => {
        const slots = intervalSlots(start, every, endAt).filter((slot) => slot > createdAt);
        return { id: idOf(index), slots };
      });
    },

    /** Registers schedules of one slot each, in one transaction. A slot that is past by then is due at once. */
    async once(count: number, at: number): Promise<WatchedSchedule[]> {
      const ids = Array.from({ length: count }, (_, index) => `once-${index}`);
      await scheduler.apply(
        ids.map((id) => defineSchedule({ id, task: tick, at: new Date(at) })),
        { owner: 'once' },
      );
      return ids.map((id) => ({ id, slots: [at] }));
    },

    /** Waits until no slot is left and all tasks ran, and gives what there is to judge. */
    async end(
      schedules: readonly WatchedSchedule[],
      timeout: number,
    ): Promise<Pick<SlotHistory, 'schedules' | 'firings' | 'runs' | 'nextRuns'>> {
      const waiting = { timeout, interval: 200 };
      await vi.waitFor(async () => {
        expect(await backend.dueTimes()).toMatchObject({ nextRun: null, oldestClaim: null });
      }, waiting);
      const rows = await firings(schedules);
      const submitted = rows.filter(({ state }) => state === 'submitted').map(({ id }) => id);
      const runs = () =>
        ledger().flatMap(({ event, id, fence }) => (event === 'ran' && id && fence ? [{ id, fence }] : []));
      await vi.waitFor(() => {
        const ran = new Set(runs().map(({ id }) => id));
        expect(submitted.filter((id) => !ran.has(id))).toEqual([]);
      }, waiting);
      return { schedules, firings: rows, runs: runs(), nextRuns: readings };
    },
  };
}
