import {
  type Acknowledgement,
  BaseBroker,
  type BaseResultBackend,
  BROKER_POLICY_OPTIONS,
  type BrokerPolicyOptions,
  CANCEL_TOPIC,
  type ClaimReply,
  type ClaimRequest,
  checkBrokerPolicy,
  checkOptions,
  checkPage,
  consoleLogger,
  type DeadLetter,
  type ExtendReply,
  type Instant,
  type Lease,
  type Logger,
  type NewMessage,
  type Page,
  type PushReply,
  type QueueSize,
  type ReleaseReason,
  type StoreContext,
  type TaskStore,
  type WaitForWorkOptions,
} from '@flowrra/core';
import { InMemoryBackend } from './in-memory-backend.js';
import { InMemoryTaskStore } from './in-memory-task-store.js';
import { MessageDesk } from './message-desk.js';
import type { Burial } from './queue-state.js';
import { Topics } from './topics.js';

export type InMemoryBrokerOptions = BrokerPolicyOptions;

/**
 * Carries messages within this process: for development, tests and apps that are one process. Messages end with the
 * process.
 *
 * @example
 * const broker = new InMemoryBroker({ maxQueueSize: 10_000 });
 */
export class InMemoryBroker extends BaseBroker {
  override readonly supports = {
    deadLetters: true,
    purge: true,
    pause: true,
    limits: false,
    workers: false,
    events: true,
    openClaims: false,
    processLocal: true,
  };
  override readonly dedupeWindow: number;
  readonly #desk: MessageDesk;
  readonly #topics = new Topics();
  #logger: Logger = consoleLogger;

  /** @throws ConfigError for an unknown option or a wrong value */
  constructor(options: InMemoryBrokerOptions = {}) {
    super();
    checkOptions<InMemoryBrokerOptions>(options, '', BROKER_POLICY_OPTIONS);
    const policy = checkBrokerPolicy(options);
    this.#desk = new MessageDesk(policy, (id) => this.#topics.publish(CANCEL_TOPIC, id, this.#logger));
    this.dedupeWindow = policy.dedupeWindow;
  }

  override async open({ clock, logger }: StoreContext): Promise<void> {
    this.#desk.clock = clock;
    this.#logger = logger;
  }

  /** A class that extends one of the two may do any step otherwise: its steps are joined, not passed over. */
  override async fuse(backend: BaseResultBackend): Promise<TaskStore | null> {
    if (this.constructor !== InMemoryBroker || backend.constructor !== InMemoryBackend) return null;
    const { results } = backend as InMemoryBackend;
    return new InMemoryTaskStore({ broker: this, backend, desk: this.#desk, results });
  }

  async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    return this.#desk.push(messages);
  }

  async claim(request: ClaimRequest): Promise<ClaimReply> {
    return this.#desk.claim(request);
  }

  async extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return leases.map((lease) => this.#desk.extend(lease, leaseMs));
  }

  async ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    return acknowledgements.map(({ lease, deadLetter }) => this.#desk.ack(lease, deadLetter));
  }

  async release(lease: Lease, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return this.#desk.release(lease, options);
  }

  async cancel(queue: string, id: string): Promise<boolean> {
    return this.#desk.cancel(queue, id);
  }

  async holds(ids: readonly string[]): Promise<boolean[]> {
    return ids.map((id) => this.#desk.holds(id));
  }

  async size(queue: string): Promise<QueueSize> {
    return this.#desk.size(queue);
  }

  waitForWork(queues: readonly string[], options: WaitForWorkOptions): Promise<void> {
    return this.#desk.waitForWork(queues, options);
  }

  override async deadLetters(queue: string, page: Page = {}): Promise<DeadLetter[]> {
    const { limit, offset } = checkPage(page);
    return this.#desk
      .deadLetters(queue)
      .slice(offset, offset + limit)
      .map(describeBurial);
  }

  override async takeDeadLetter(queue: string, id: string): Promise<DeadLetter | null> {
    const burial = this.#desk.takeDeadLetter(queue, id);
    return burial && describeBurial(burial);
  }

  override async purge(queue: string): Promise<string[]> {
    return this.#desk.purge(queue);
  }

  override async pause(queue: string): Promise<void> {
    this.#desk.pause(queue);
  }

  override async resume(queue: string): Promise<void> {
    this.#desk.resume(queue);
  }

  override async publish(topic: string, text: string): Promise<void> {
    this.#topics.publish(topic, text, this.#logger);
  }

  override async subscribe(topic: string, listener: (text: string) => void): Promise<() => Promise<void>> {
    const end = this.#topics.subscribe(topic, listener);
    return async () => end();
  }

  override async close(): Promise<void> {
    this.#desk.close();
    this.#topics.clear();
  }
}

function describeBurial({ message, reason, diedAt }: Burial): DeadLetter {
  const { id, lane, payload } = message;
  return { id, queue: lane.queue.name, reason, diedAt: new Date(diedAt), payload: new TextEncoder().encode(payload) };
}
