import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RedisBackend, RedisBroker } from '@flowrra/backend-redis';
import type { TaskContract } from '@flowrra/core';
import { defineTask, Flowrra } from '@flowrra/core';
import { defineSchedule, getSchedulerBackend, Scheduler } from '@flowrra/scheduler';
import { type PrivateServer, type RedisServer, startRedis } from '@flowrra/testing-servers';
import { Redis } from 'ioredis';
import { silentLogger } from '../support/silent-logger.js';
import { intervalSlots, type WatchedSchedule } from '../support/slot-history.js';
import { Post, type Role } from './actors.js';
import { type ChaosDatabase, startDatabase } from './databases.js';
import type { HistoryEntry } from './history/entries.js';
import type { ChaosPlan } from './plan.js';
import { TIMES } from './times.js';

/** Milliseconds between two looks at memory, in a soak. */
export const MEMORY_EVERY = 10_000;
/** Milliseconds, in a soak: what the broker remembers comes to its full size soon. */
const SOAK_DEDUPE_WINDOW = 120_000;
export const KEY_PREFIX = 'chaos';
const tick: TaskContract<[], void> = defineTask<() => void>('tick', { retries: 0 });

type Told<Entry> = Entry extends unknown ? Omit<Entry, 'at' | 'actor'> : never;

/** Milliseconds on the machine's monotonic clock, which all processes share. */
export const monotonic = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** The servers of a run, its actors, and who looks on without going through any link. */
export class ChaosWorld {
  readonly posts: Post[] = [];
  readonly schedules: WatchedSchedule[] = [];
  #faults = 0;
  #ended = false;
  /** How often each kind of fault struck. */
  readonly struck = new Map<string, number>();

  private constructor(
    readonly plan: ChaosPlan,
    /** Where the history is kept. */
    readonly folder: string,
    readonly messages: RedisServer,
    /** The same as `messages` when the stores are fused. */
    readonly results: RedisServer,
    readonly database: ChaosDatabase,
    readonly app: Flowrra,
    readonly scheduler: Scheduler,
    readonly backend: Awaited<ReturnType<typeof getSchedulerBackend>>,
    readonly closeStores: () => Promise<void>,
  ) {}

  static async open(plan: ChaosPlan, folder: string): Promise<ChaosWorld> {
    mkdirSync(folder, { recursive: true });
    const start = () =>
      startRedis({ appendonly: true, appendfsync: 'always', extraConfig: ['enable-debug-command local'] });
    const messages = await start();
    const results = plan.stores === 'split' ? await start() : messages;
    const database = await startDatabase(plan.engine, folder);
    const [broker, store] = [
      new RedisBroker(messages.url, { keyPrefix: KEY_PREFIX }),
      new RedisBackend(results.url, { keyPrefix: KEY_PREFIX, ttl: plan.ttl }),
    ];
    const app = new Flowrra({ broker, backend: store, logger: silentLogger });
    const { url, options } = database.target();
    const backend = await getSchedulerBackend(url, options);
    const scheduler = new Scheduler(app, { backend, tasks: [tick] });
    const closeStores = async (): Promise<void> => {
      await app.stop();
      await broker.close();
      await store.close();
      await backend.close();
    };
    return new ChaosWorld(plan, folder, messages, results, database, app, scheduler, backend, closeStores);
  }

  /** Adds a line to the history. */
  note(entry: Told<HistoryEntry>, actor = 'main'): void {
    appendFileSync(join(this.folder, 'main.jsonl'), `${JSON.stringify({ at: monotonic(), actor, ...entry })}\n`);
  }

  /**
   * Lets something go wrong for as long as `work` takes.
   * @param posts whom it concerns; null: all
   */
  async fault(kind: string, posts: readonly Post[] | null, work: () => Promise<void>): Promise<void> {
    const fault = ++this.#faults;
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1);
    this.note({ event: 'fault.begin', fault, kind, actors: posts?.map(({ name }) => name) ?? null });
    try {
      await work();
    } finally {
      this.note({ event: 'fault.end', fault });
    }
  }

  of(role: Role): Post[] {
    return this.posts.filter((post) => post.role === role).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Those who may die: in a soak, the first one of a role lives on. */
  mortals(role: Role): Post[] {
    return this.of(role).slice(this.plan.soak ? 1 : 0);
  }

  async addPost(role: Role, number: number, settings: object): Promise<Post> {
    const { plan, messages, results, database, folder } = this;
    const isScheduler = role === 'scheduler';
    const post = await Post.open({
      name: `${role}-${number}`,
      role,
      folder,
      ports: {
        messages: messages.port,
        results: results === messages ? null : results.port,
        database: isScheduler ? (database.server?.port ?? null) : null,
      },
      settings: (links) => ({
        messages: `redis://127.0.0.1:${links.messages.port}`,
        results: links.results && `redis://127.0.0.1:${links.results.port}`,
        keyPrefix: KEY_PREFIX,
        ttl: plan.ttl,
        ...(plan.soak ? { dedupeWindow: SOAK_DEDUPE_WINDOW } : {}),
        lease: TIMES.lease,
        grace: TIMES.grace,
        // The clock of a SQLite file is that of its machine: there is no other one that could be wrong.
        skew: isScheduler && plan.engine === 'sqlite' ? 0 : (plan.skews[number - 1] ?? 0),
        memoryEvery: plan.soak ? MEMORY_EVERY : null,
        ...(isScheduler ? { database: database.target(links.database?.port) } : {}),
        ...settings,
      }),
      planted: plan.planted,
      onDown: (actor) => this.note({ event: 'down' }, actor),
    });
    this.posts.push(post);
    return post;
  }

  /** Registers interval schedules whose slots come one after the other, before there is any node. */
  async addSchedules(): Promise<void> {
    const start = (await this.backend.dueTimes()).now.getTime();
    const plans = Array.from({ length: this.plan.schedules }, (_, i) => ({
      id: `every-${i}`,
      startAt: start + i * 23,
    }));
    await this.scheduler.apply(
      plans.map(({ id, startAt }) =>
        defineSchedule({ id, task: tick, every: TIMES.slotsEvery, startAt: new Date(startAt) }),
      ),
      { owner: 'chaos' },
    );
    for (const { id, startAt } of plans) {
      // What was due before a schedule was there, or when it came, is not its slot.
      const createdAt = (await this.backend.get(id))?.createdAt.getTime() ?? 0;
      const slotsBefore = Math.max(0, Math.floor((createdAt - startAt) / TIMES.slotsEvery) + 1);
      this.schedules.push({ id, slots: [startAt + slotsBefore * TIMES.slotsEvery] });
    }
  }

  /**
   * Ends all schedules.
   * @param firstOpen the earliest slot that nobody had claimed lately: those before it must be in the ledgers
   * @returns what is to be there: a slot that was due while the schedules ended may be, or not
   */
  async endSchedules(firstOpen: number): Promise<WatchedSchedule[]> {
    for (const { id } of this.schedules) await this.scheduler.disable(id);
    const endedAt = (await this.backend.dueTimes()).now.getTime();
    return Promise.all(
      this.schedules.map(async ({ id, slots: [first = 0] }) => {
        const [newest] = await this.backend.listFirings(id, { limit: 1 });
        const lastServed = (newest?.until ?? newest?.slot)?.getTime() ?? 0;
        const last = Math.max(firstOpen - 1, Math.min(lastServed, endedAt));
        return { id, slots: intervalSlots(new Date(first), TIMES.slotsEvery, new Date(last)), endedAt };
      }),
    );
  }

  /** Sends commands as an operator would, past all links. */
  async ask<T>(server: RedisServer, work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(server.url, { maxRetriesPerRequest: 3 });
    client.on('error', () => {});
    try {
      return await work(client);
    } finally {
      client.disconnect();
    }
  }

  /** Ends everything that was started here. What the servers logged stays with the history. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await Promise.all(this.posts.map((post) => post.close()));
    await this.closeStores().catch(() => {});
    const servers = new Map<string, PrivateServer | null>([
      ['messages', this.messages],
      ['results', this.results === this.messages ? null : this.results],
      ['database', this.database.server],
    ]);
    for (const [name, server] of servers) {
      if (!server) continue;
      writeFileSync(join(this.folder, `${name}.log`), await server.log());
      await server.stop();
    }
  }
}
