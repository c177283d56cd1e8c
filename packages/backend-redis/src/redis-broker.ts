import {
  type Acknowledgement,
  BaseBroker,
  type BaseResultBackend,
  BROKER_POLICY_OPTIONS,
  type BrokerPolicyOptions,
  type BrokerSupport,
  type ClaimReply,
  type ClaimRequest,
  checkBrokerPolicy,
  checkOptions,
  type DeadLetter,
  type ExtendReply,
  type Instant,
  type Lease,
  type NewMessage,
  type Page,
  type PushReply,
  type QueueSize,
  type ReleaseReason,
  type StoreContext,
  type TaskStore,
  type WaitForWorkOptions,
} from '@flowrra/core';
import type { Redis } from 'ioredis';
import { DeadLetters } from './dead-letters.js';
import { LeaseHolder } from './lease-holder.js';
import { LeaseSweeper } from './lease-sweeper.js';
import { MessageClaimer, type SendClaim } from './message-claimer.js';
import { MessagePusher } from './message-pusher.js';
import { QueueDesk } from './queue-desk.js';
import type { RedisBackend } from './redis-backend.js';
import { PLACE_OPTIONS, type PlaceOptions, RedisPlace } from './redis-place.js';
import { RedisTaskStore } from './redis-task-store.js';
import { isSamePlace } from './same-place.js';
import { WorkSignals } from './work-signals.js';

export interface RedisBrokerOptions extends PlaceOptions, BrokerPolicyOptions {}

/**
 * Carries messages through one Redis or Valkey server, 6.2 or later.
 *
 * @example
 * const broker = new RedisBroker('redis://localhost:6379/0', { maxQueueSize: 10_000 });
 */
export class RedisBroker extends BaseBroker {
  readonly supports: BrokerSupport = {
    deadLetters: true,
    purge: true,
    pause: true,
    limits: false,
    workers: false,
    events: true,
    openClaims: true,
    processLocal: false,
  };
  readonly #place: RedisPlace;
  readonly #pusher: MessagePusher;
  readonly #claimer: MessageClaimer;
  readonly #holder: LeaseHolder;
  readonly #sweeper: LeaseSweeper;
  readonly #signals: WorkSignals;
  readonly #desk: QueueDesk;
  readonly #deadLetters: DeadLetters;
  override readonly dedupeWindow: number;
  #endKeepAlive: (() => void) | null = null;
  #closed = false;

  /**
   * Opens nothing: the first call does.
   * @param target a URL (`redis:`, `rediss:`, `unix:`), or a client made by ioredis, which is not closed here
   * @throws InvalidUrlError, ConfigError
   */
  constructor(target: string | Redis, options: RedisBrokerOptions = {}) {
    super();
    checkOptions<RedisBrokerOptions>(options, '', [...PLACE_OPTIONS, ...BROKER_POLICY_OPTIONS]);
    const policy = checkBrokerPolicy(options);
    const place = RedisPlace.at(target, options);
    this.#place = place;
    this.#pusher = new MessagePusher(place, policy);
    this.#holder = new LeaseHolder(place, policy.dedupeWindow);
    this.#claimer = new MessageClaimer(place, this.#holder);
    this.#sweeper = new LeaseSweeper(place, policy, () => place.connection.logger);
    this.#signals = new WorkSignals(place);
    this.#desk = new QueueDesk(place);
    this.#deadLetters = new DeadLetters(place);
    this.dedupeWindow = policy.dedupeWindow;
  }

  override async open(context: StoreContext): Promise<void> {
    this.#place.connection.logger = context.logger;
  }

  override async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signals.close();
    this.#claimer.close();
    this.#endKeepAlive?.();
    this.#place.connection.close();
  }

  /** Whether the server answers, as far as this process knows; kept up to date while workers wait. */
  isHealthy(): boolean {
    return !this.#closed && this.#place.connection.healthy;
  }

  override push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    return this.#pusher.push(messages);
  }

  /** @param send how the claim is sent, if not by itself */
  override async claim(request: ClaimRequest, send?: SendClaim): Promise<ClaimReply> {
    this.#endKeepAlive ??= this.#place.connection.keepAlive();
    await this.#tidyUp();
    this.#signals.claimBegins(request.queue, request.lane);
    return this.#claimer.claim(request, send);
  }

  override async extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    const replies = await this.#holder.extend(leases, leaseMs);
    // A process whose slots are all busy claims nothing, and sweeps here. What was extended stays so if that fails.
    this.#tidyUp().catch((err: unknown) => this.#place.connection.logger.debug({ err }, 'a sweep failed'));
    return replies;
  }

  /** What nobody heard of goes back before a sweep can take it for what a dead worker held. */
  async #tidyUp(): Promise<void> {
    await this.#claimer.putBackUnheard();
    await this.#sweeper.sweepIfDue();
  }

  override ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    return this.#holder.ack(acknowledgements);
  }

  override release(lease: Lease, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return this.#holder.release(lease, options);
  }

  override cancel(queue: string, id: string): Promise<boolean> {
    return this.#desk.cancel(queue, id);
  }

  override holds(ids: readonly string[]): Promise<boolean[]> {
    return this.#desk.holds(ids);
  }

  override size(queue: string): Promise<QueueSize> {
    return this.#desk.size(queue);
  }

  override waitForWork(queues: readonly string[], options: WaitForWorkOptions): Promise<void> {
    return this.#signals.wait(queues, options);
  }

  override async fuse(backend: BaseResultBackend): Promise<TaskStore | null> {
    if (!isRedisBackend(backend) || !(await isSamePlace(this.#place, backend.place))) return null;
    backend.useConnection(this.#place);
    return new RedisTaskStore({
      broker: this,
      backend,
      place: this.#place,
      holder: this.#holder,
      claimer: this.#claimer,
      dedupeWindow: this.dedupeWindow,
    });
  }

  override deadLetters(queue: string, page: Page = {}): Promise<DeadLetter[]> {
    return this.#deadLetters.list(queue, page);
  }

  override takeDeadLetter(queue: string, id: string): Promise<DeadLetter | null> {
    return this.#deadLetters.take(queue, id);
  }

  override purge(queue: string): Promise<string[]> {
    return this.#desk.purge(queue);
  }

  override pause(queue: string): Promise<void> {
    return this.#desk.pause(queue);
  }

  override resume(queue: string): Promise<void> {
    return this.#desk.resume(queue);
  }

  override async publish(topic: string, text: string): Promise<void> {
    await this.#place.connection.send('publish', [this.#place.keys.topicChannel(topic), text]);
  }

  override async subscribe(topic: string, listener: (text: string) => void): Promise<() => Promise<void>> {
    const { connection, keys } = this.#place;
    const subscription = connection.subscriber.subscribe(keys.topicChannel(topic), (message) =>
      listener(message.toString()),
    );
    try {
      await subscription.active;
    } catch (err) {
      subscription.end();
      throw err;
    }
    return async () => subscription.end();
  }
}

/** By what only a RedisBackend has: importing the class would close a circle. */
function isRedisBackend(backend: BaseResultBackend): backend is RedisBackend {
  return 'place' in backend && backend.place instanceof RedisPlace;
}
