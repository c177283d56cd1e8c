import type { Claim, Lease, ReleaseReason } from '../../brokers/base-broker.js';
import type { BrokerPolicy } from '../../brokers/broker-policy.js';
import { mayReplace } from '../../tasks/task-result.js';
import { type FinalStatus, isFinal, type TaskStatus } from '../../tasks/task-status.js';
import { BrokerModel, type ModelMessage, type ModelPush } from '../broker/broker-model.js';

/** What a result says of a task. Times are milliseconds since the model began. */
export interface ModelResult {
  readonly status: TaskStatus;
  /** Which submission this is about: told by the arguments of the call. */
  readonly order: number;
  readonly queue: string;
  readonly attempt: number;
  readonly fence: number;
  readonly submittedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly worker: string | null;
  readonly progress: number | null;
  /** Of the last attempt that failed, or of the end. */
  readonly error: string | null;
  readonly value: string | null;
}

/** How a task ends: `text` is the value of a success, else the message of the error. */
export interface ModelOutcome {
  readonly status: FinalStatus;
  readonly text: string;
  readonly progress: number | null;
  readonly dead: boolean;
}

export interface TaskStoreModelOptions {
  readonly policy: BrokerPolicy;
  readonly ttl: number | null;
  /**
   * Whether the store joins a broker and a backend that know nothing of each other. What such a store shows differently
   * from a fused one, where the message is the record, is said where this is read, and is all that may differ.
   */
  readonly joined: boolean;
}

/** A store of tasks as simple as it can be: messages and results, and time that is moved by hand. */
export class TaskStoreModel extends BrokerModel {
  readonly results = new Map<string, ModelResult>();
  /** When results go. */
  readonly #expiry = new Map<string, number>();
  readonly #lastErrors = new WeakMap<ModelMessage, string>();
  readonly #workers = new WeakMap<Lease, { worker: string; startedAt: number }>();
  /** Ids that are not remembered, and whose own end makes them known as long as it is kept. */
  readonly #knownByResult = new Set<string>();
  readonly options: TaskStoreModelOptions;
  /** Told of every change of a result; null: it is gone. */
  onResult: (id: string, result: ModelResult | null) => void = () => {};

  constructor(options: TaskStoreModelOptions) {
    super(options.policy);
    this.options = options;
  }

  override isKnown(id: string): boolean {
    return super.isKnown(id) || this.#knownByResult.has(id);
  }

  protected override takeIn(push: ModelPush, order: number): ModelMessage {
    const message = super.takeIn(push, order);
    this.#show(push.id, this.#record(message, 'pending'));
    return message;
  }

  override advance(ms: number): void {
    super.advance(ms);
    for (const [id, at] of this.#expiry) if (at <= this.now) this.forget(id);
  }

  protected override crash(message: ModelMessage): void {
    super.crash(message);
    this.#showWaiting(message);
  }

  override deliver(message: ModelMessage, claim: Claim & { worker?: string }, leaseMs: number): void {
    super.deliver(message, claim, leaseMs);
    this.#workers.set(claim.lease, { worker: claim.worker ?? '', startedAt: this.now });
    // A joined store writes RUNNING for what is to run; fused, whatever somebody holds shows as running.
    if (claim.verdict === 'run' || !this.options.joined) this.#show(message.id, this.#record(message, 'running'));
  }

  /** Waiting messages whose task has ended already: a joined store acknowledges them when they are claimed, unseen. */
  overtaken(): ModelMessage[] {
    return [...this.messages.values()].filter((one) => {
      const result = this.results.get(one.id);
      return one.state === 'waiting' && this.verdict(one) === 'run' && result !== undefined && isFinal(result.status);
    });
  }

  acknowledgeUnseen(message: ModelMessage): void {
    this.end(message);
  }

  reportProgress(lease: Lease, progress: number, leaseMs: number): boolean {
    const message = this.heldBy(lease);
    if (!message) return false;
    // A joined store can ask whether the lease holds only by extending it.
    if (this.options.joined) this.extend(lease, leaseMs);
    if (!this.#mayShow(message, 'running')) return false;
    // Fused, a result that was deleted stays away until the next claim or the end; joined, what is written is there.
    if (this.results.has(message.id) || this.options.joined)
      this.#show(message.id, { ...this.#record(message, 'running'), progress });
    return true;
  }

  retry(lease: Lease, delay: number, error: string): boolean {
    const message = this.heldBy(lease);
    if (!message) return false;
    this.#lastErrors.set(message, error);
    const writes = this.options.joined && this.#mayShow(message, 'retrying');
    this.release(lease, delay, 'failed');
    if (writes) this.#show(message.id, this.#record(message, 'retrying'));
    return true;
  }

  override release(lease: Lease, delay: number, reason: ReleaseReason): boolean {
    const message = this.heldBy(lease);
    if (!message || !super.release(lease, delay, reason)) return false;
    this.#showWaiting(message);
    return true;
  }

  finish(lease: Lease, outcome: ModelOutcome): boolean {
    const message = this.heldBy(lease);
    if (!message) return false;
    const accepted = this.#mayShow(message, outcome.status);
    if (accepted) {
      const text = outcome.status === 'success' ? { value: outcome.text } : { error: outcome.text };
      this.#show(message.id, {
        ...this.#record(message, outcome.status),
        error: null,
        ...text,
        progress: outcome.progress,
        finishedAt: this.now,
      });
    }
    this.ack(lease, outcome.dead);
    // So that a push which is repeated after the end finds out; joined, the broker does not know how a task ended.
    if (!this.options.joined && !message.remembered) this.#knownByResult.add(message.id);
    return accepted;
  }

  override takeDeadLetter(queue: string, id: string): boolean {
    const taken = super.takeDeadLetter(queue, id);
    if (taken) this.#knownByResult.delete(id);
    return taken;
  }

  override purge(queue: string): string[] {
    const ids = super.purge(queue);
    // Fused, the message was the record; joined, the record stays as it was.
    if (!this.options.joined) for (const id of ids) this.forget(id);
    return ids;
  }

  /** A final result that comes from somebody who holds no lease. */
  store(id: string, result: ModelResult): boolean {
    const message = this.messages.get(id);
    const held = message !== undefined && message.state !== 'dead';
    const old = this.results.get(id);
    if (old && !mayReplace(stamp(old), stamp(result))) return false;
    // Fused, this ends the message; joined, its next holder finds the result.
    if (held && !this.options.joined) this.end(message);
    this.#knownByResult.delete(id);
    this.#show(id, result);
    return true;
  }

  /** Removes a result. @returns whether there was one */
  forget(id: string): boolean {
    if (!this.results.delete(id)) return false;
    this.#expiry.delete(id);
    this.#knownByResult.delete(id);
    this.onResult(id, null);
    return true;
  }

  /** Ids by status, as listings have them. */
  list(status: TaskStatus): string[] {
    const found = [...this.results].filter(([, result]) => result.status === status);
    found.sort(([a, one], [b, other]) => other.submittedAt - one.submittedAt || (a < b ? 1 : -1));
    return found.map(([id]) => id);
  }

  /** What a message that goes back shows: joined, nothing is written; fused, it waits to be run again. */
  #showWaiting(message: ModelMessage): void {
    if (!this.options.joined && this.results.has(message.id)) this.#show(message.id, this.#record(message, 'retrying'));
  }

  #mayShow(message: ModelMessage, status: TaskStatus): boolean {
    const old = this.results.get(message.id);
    return !old || mayReplace(stamp(old), stamp(this.#record(message, status)));
  }

  #show(id: string, result: ModelResult): void {
    this.results.set(id, result);
    this.#expiry.delete(id);
    if (isFinal(result.status) && this.options.ttl !== null) this.#expiry.set(id, this.now + this.options.ttl);
    this.onResult(id, result);
  }

  #record(message: ModelMessage, status: TaskStatus): ModelResult {
    const lease = message.leases.at(-1);
    const { worker, startedAt } = (lease && this.#workers.get(lease)) ?? { worker: null, startedAt: null };
    return {
      status,
      order: message.order,
      queue: message.queue,
      attempt: message.attempt,
      fence: lease?.fence ?? 0,
      submittedAt: message.pushedAt,
      startedAt,
      finishedAt: null,
      worker,
      progress: null,
      error: status === 'retrying' ? (this.#lastErrors.get(message) ?? null) : null,
      value: null,
    };
  }
}

function stamp({ status, fence, submittedAt }: ModelResult) {
  return { status, fence, submittedAt: new Date(submittedAt) };
}
