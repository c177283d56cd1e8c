import {
  type BackendWaitOptions,
  type BaseBroker,
  BaseResultBackend,
  type Clock,
  checkDuration,
  checkOptions,
  consoleLogger,
  DEFAULT_BROKER_POLICY,
  type Duration,
  encodeTaskResult,
  type FinishedTaskResult,
  type Page,
  type StoreContext,
  systemClock,
  type TaskResult,
  type TaskStatus,
} from '@flowrra/core';
import type { Redis } from 'ioredis';
import { Batcher } from './batcher.js';
import { RecordReader } from './record-reader.js';
import { RedisBroker } from './redis-broker.js';
import { PLACE_OPTIONS, type PlaceOptions, RedisPlace } from './redis-place.js';
import { SCRIPTS } from './redis-scripts.js';
import { ResultWaiters } from './result-waiters.js';
import { StatusListing } from './status-listing.js';

export interface RedisBackendOptions extends PlaceOptions {
  /** How long a result is kept after the task has ended; a number is milliseconds. Default null: for ever. */
  ttl?: Duration | null | undefined;
}

/** Records that one call of `clear` looks at: small, so that other clients are served in between. */
const CLEAR_CHUNK = 1_000;

interface Storing {
  readonly result: TaskResult;
  readonly text: string;
}

/**
 * Keeps results on one Redis or Valkey server, 6.2 or later, for all processes that use it.
 *
 * @example
 * const backend = new RedisBackend('redis://localhost:6379/0', { ttl: '1h' });
 */
export class RedisBackend extends BaseResultBackend {
  override readonly supports = { delete: true, clear: true, listByStatus: true };
  /** @internal Milliseconds, or null. */
  readonly ttl: number | null;
  readonly #target: string | Redis;
  readonly #options: RedisBackendOptions;
  #place: RedisPlace;
  #reader: RecordReader;
  #waiters: ResultWaiters;
  #listing: StatusListing;
  readonly #stores: Batcher<Storing, boolean>;
  #context: StoreContext = { clock: systemClock, logger: consoleLogger };
  #closed = false;

  /**
   * Opens nothing: the first call does.
   * @param target a URL (`redis:`, `rediss:`, `unix:`), or a client made by ioredis, which is not closed here
   * @throws InvalidUrlError, ConfigError
   */
  constructor(target: string | Redis, options: RedisBackendOptions = {}) {
    super();
    const { ttl = null } = checkOptions<RedisBackendOptions>(options, '', [...PLACE_OPTIONS, 'ttl']);
    this.ttl = ttl === null ? null : checkDuration(ttl, 'ttl', { min: 1 });
    this.#target = target;
    this.#options = options;
    this.#place = RedisPlace.at(target, options);
    this.#stores = new Batcher({ send: (items) => this.#store(items), bytesOf: ({ text }) => text.length });
    [this.#reader, this.#waiters, this.#listing] = this.#parts();
  }

  /** @internal */
  get place(): RedisPlace {
    return this.#place;
  }

  /** @internal */
  get waiters(): ResultWaiters {
    return this.#waiters;
  }

  /** @internal From now on over the connection of its broker, which is to the same server. */
  useConnection(place: RedisPlace): void {
    if (place.connection === this.#place.connection) return;
    const own = this.#place;
    this.#waiters.close();
    this.#place = place.share(this.#options.clock ? { clock: this.#options.clock } : {});
    [this.#reader, this.#waiters, this.#listing] = this.#parts();
    own.connection.close();
  }

  override createBroker(options: Record<string, unknown>): BaseBroker {
    const { keyPrefix, redis, deadline, clock } = this.#options;
    return new RedisBroker(this.#target, { keyPrefix, redis, deadline, clock, ...options });
  }

  override async open(context: StoreContext): Promise<void> {
    this.#context = context;
    this.#place.connection.logger = context.logger;
  }

  override async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiters.close();
    this.#place.connection.close();
  }

  override store(_taskId: string, result: TaskResult): Promise<boolean> {
    return this.#stores.add({ result, text: encodeTaskResult(result) });
  }

  override get(taskId: string): Promise<TaskResult | null> {
    return this.#reader.get(taskId);
  }

  override waitFor(taskId: string, options: BackendWaitOptions = {}): Promise<FinishedTaskResult> {
    return this.#waiters.wait(taskId, options);
  }

  override async delete(taskId: string): Promise<boolean> {
    const { keys, now } = this.#place;
    return (
      (await this.#place.run(SCRIPTS.deleteResult, [keys.tasks, ...keys.statuses], [now, keys.goneChannel, taskId])) ===
      1
    );
  }

  override async clear(): Promise<number> {
    const { connection, keys, now } = this.#place;
    let removed = 0;
    let cursor = '0';
    do {
      const [next, count] = (await this.#place.run(
        SCRIPTS.clear,
        [keys.tasks, ...keys.statuses],
        [now, cursor, CLEAR_CHUNK],
      )) as [Buffer, number];
      removed += count;
      cursor = next.toString();
    } while (cursor !== '0');
    await connection.send('publish', [keys.goneChannel, '']);
    return removed;
  }

  override listByStatus(status: TaskStatus, page: Page = {}): Promise<TaskResult[]> {
    return this.#listing.list(status, page);
  }

  #parts(): [RecordReader, ResultWaiters, StatusListing] {
    const reader = new RecordReader(this.#place);
    const clock = (): Clock => this.#context.clock;
    return [
      reader,
      new ResultWaiters(this.#place, reader, clock),
      new StatusListing(this.#place, reader, () => this.#context.logger),
    ];
  }

  async #store(items: readonly Storing[]): Promise<boolean[]> {
    const { keys, now } = this.#place;
    const own = [keys.tasks, keys.active, keys.held, keys.expiry, keys.finished, keys.foreign, ...keys.statuses];
    const args = items.flatMap(({ result, text }) => [
      result.taskId,
      result.status,
      result.fence,
      result.submittedAt?.getTime() ?? '',
      text,
    ]);
    // A result that is stored over a message ends it: its id is remembered, for the window of a broker nobody asked here.
    const { dedupeWindow } = DEFAULT_BROKER_POLICY;
    const codes = await this.#place.run(
      SCRIPTS.store,
      own,
      [now, this.ttl ?? '', dedupeWindow, keys.originChannels, keys.taskChannels, ...args],
      { repeat: true },
    );
    return (codes as number[]).map((code) => code === 1);
  }
}
