import type { BaseResultBackend, Page } from '../backends/base-result-backend.js';
import { CONTRACT, type StoreContext } from '../contract.js';
import { NotImplementedError } from '../errors.js';
import type { TaskStore } from '../stores/task-store.js';
import { DEFAULT_BROKER_POLICY } from './broker-policy.js';

/** The part of a queue that one claim serves: `io`, `cpu`, or `task:<name>` for one limited task. */
export type Lane = 'io' | 'cpu' | `task:${string}`;

/** A message on its way into a queue. Times are on the store's clock. */
export interface NewMessage {
  readonly id: string;
  readonly queue: string;
  readonly lane: Lane;
  /** −100 … 100, lower runs first. */
  readonly priority: number;
  /** Milliseconds from now, or a point in time, before which no worker gets it; null: at once. */
  readonly runAt: Instant | null;
  /** If it was not started by then, it is not run; null: never. */
  readonly expiresAt: Instant | null;
  /** Whether the id is remembered for `dedupeWindow` after the end: for explicit and derived ids. */
  readonly remembered: boolean;
  /** The process that submitted it; stores may send the completion notice there. */
  readonly origin: string | null;
  /** The encoded call. Its bytes never change. */
  readonly payload: string;
}

/** A point on the store's clock: epoch milliseconds, or milliseconds from now. */
export type Instant = { readonly at: number } | { readonly after: number };

export interface PushReply {
  /** True: the broker holds this id, or remembers it; nothing was changed. */
  readonly known: boolean;
  /** When the message was taken in, epoch ms on the store's clock; for a known id, now. */
  readonly submittedAt: number;
}

/**
 * Proof that a worker holds a message. A later delivery has a higher fence, and this one is void. It is handed back as it
 * came: a broker may keep more in it, for itself.
 */
export interface Lease {
  readonly id: string;
  readonly queue: string;
  readonly lane: Lane;
  readonly fence: number;
}

/**
 * What the holder of a claimed message must do: run it, or end it as cancelled, expired, exhausted (it crashed its
 * worker too often) or unreadable (the stored bytes are no message; `payload` shows what there is).
 */
export type Verdict = 'run' | 'cancelled' | 'expired' | 'exhausted' | 'unreadable';

export interface Claim {
  readonly lease: Lease;
  readonly verdict: Verdict;
  readonly payload: string;
  /** Runs that ended, plus one. */
  readonly attempt: number;
  /** Leases of this message that ended by time. */
  readonly crashes: number;
  /** Epoch ms on the store's clock. */
  readonly submittedAt: number;
  readonly startedAt: number;
  /** Since when the message is being put back because no worker knows its task; null if it is not. */
  readonly deferredSince: number | null;
}

export interface ClaimRequest {
  readonly queue: string;
  readonly lane: Lane;
  /** Free slots; a broker may return fewer. */
  readonly count: number;
  /** The claiming process, different at each start. */
  readonly worker: string;
  /** Milliseconds for which the messages are held. */
  readonly leaseMs: number;
  /**
   * True when nothing else runs in this process: only then a message on its last chance is handed out, by itself. That is
   * one that crashed before and would be given up (`maxCrashes`) after one more; what never crashed is on no last chance.
   */
  readonly alone: boolean;
  /** Whether a claim that finds nothing may stay open, if the broker `supports.openClaims`. Default: it may not. */
  readonly mayStayOpen?: boolean | undefined;
}

/** A claim that found nothing and stays open: what is pushed from now on may be handed out to it at once. */
export interface OpenClaim<Claimed = Claim> {
  /**
   * Passes on what comes, and what has come, as one claim after the other. To be called once.
   * @param take gets what one of them brought
   * @param freeSlots for how many messages the next may be, asked once those before had a turn to end; 0: there is none
   * @returns resolves when nothing more comes, because it was closed, no slot is free, or nobody would hear of it
   */
  hear(take: (claims: readonly Claimed[]) => void, freeSlots: () => number): Promise<void>;
  /** Ends it; what was handed out before still comes. */
  close(): void;
}

export interface ClaimReply {
  readonly claims: readonly Claim[];
  /** Milliseconds until the next delayed message of this lane is due; null if there is none. */
  readonly nextDueIn: number | null;
  /** Whether a message waits for a worker that is alone. */
  readonly lastChanceWaiting: boolean;
  /** Given when the claim found nothing and stays open, until it is closed. */
  readonly open?: OpenClaim | undefined;
}

export interface WaitForWorkOptions {
  readonly signal: AbortSignal;
  /** The lane that the caller serves; without it, work of every lane of the queues counts. */
  readonly lane?: Lane | undefined;
}

/** `held`: extended; `lost`: another delivery or nobody holds it; `cancel`: extended, and somebody wants it to end. */
export type ExtendReply = 'held' | 'lost' | 'cancel';

export interface Acknowledgement {
  readonly lease: Lease;
  /** Given: the message's bytes are kept as a dead letter, with this reason. */
  readonly deadLetter?: string | undefined;
}

/**
 * Why a message goes back: its attempt `failed` (counts as an attempt), its worker `stopped` (does not count, goes to
 * the front), or it is `deferred` because this worker does not know the task. What is `unstarted` goes to the front as well:
 * nobody began to run it, so it can still expire.
 */
export type ReleaseReason = 'failed' | 'stopped' | 'deferred' | 'unstarted';

export interface QueueSize {
  /** Ready to be claimed. */
  readonly waiting: number;
  readonly delayed: number;
  /** Held by workers. */
  readonly running: number;
  readonly dead: number;
}

/** A message that was given up, as it was stored. */
export interface DeadLetter {
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
  readonly diedAt: Date;
  readonly payload: Uint8Array;
}

/** The topic on which a broker that supports `events` publishes the ids of running messages that are to be cancelled. */
export const CANCEL_TOPIC = 'cancel';

/** Capabilities beyond the required methods; read by callers and by the conformance suite. */
export interface BrokerSupport {
  readonly deadLetters: boolean;
  readonly purge: boolean;
  readonly pause: boolean;
  readonly limits: boolean;
  readonly workers: boolean;
  /** `publish` and `subscribe` reach other processes. */
  readonly events: boolean;
  /** A claim that finds nothing can stay open, so that a push is handed out without another round trip. */
  readonly openClaims: boolean;
  /** Messages are seen by this process only. */
  readonly processLocal: boolean;
}

/**
 * Carries messages to workers. Promises: at-least-once from the moment `push` resolves; a claim is one atomic step with
 * its lease and fence; a lease that ended by time comes back by itself; priority is strict inside a lane, first in first
 * out inside a priority; only the holder of a lease ends a message.
 */
export abstract class BaseBroker {
  readonly [CONTRACT] = 'broker@1';

  abstract readonly supports: BrokerSupport;

  /** For how many milliseconds explicit and derived ids are known after their task ended. */
  readonly dedupeWindow: number = DEFAULT_BROKER_POLICY.dedupeWindow;

  /**
   * Takes messages in. A known id is said to be known and changes nothing; repeating a push whose reply was lost
   * succeeds.
   * @throws QueueFullError when they would exceed `maxQueueSize`; then none was taken in
   * @throws StoreUnavailableError when nothing was taken in
   * @throws IndeterminateSubmitError when it is unknown whether they were
   */
  abstract push(messages: readonly NewMessage[]): Promise<PushReply[]>;

  /** Hands out up to `count` messages with leases, messages with a verdict other than `run` included. */
  abstract claim(request: ClaimRequest): Promise<ClaimReply>;

  /** Holds messages for `leaseMs` more, from now. */
  abstract extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]>;

  /** Ends messages. @returns per message: false when its lease was lost */
  abstract ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]>;

  /** Puts a message back, to be claimed at `runAt` (null: at once). @returns false when its lease was lost */
  abstract release(lease: Lease, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean>;

  /**
   * Asks for a message to end: a waiting or delayed one is handed out next with verdict `cancelled`; the holder of a
   * running one hears it from `extend`, and with `supports.events` the id is published on `CANCEL_TOPIC`.
   * @returns false when the broker does not hold the message
   */
  abstract cancel(queue: string, id: string): Promise<boolean>;

  /** Per id: whether the broker holds the message, dead letters included. */
  abstract holds(ids: readonly string[]): Promise<boolean[]>;

  abstract size(queue: string): Promise<QueueSize>;

  /**
   * Resolves when one of the queues may have work that came after the caller's last claim began, or spuriously; rejects
   * with WaitAbortedError by the signal.
   */
  abstract waitForWork(queues: readonly string[], options: WaitForWorkOptions): Promise<void>;

  /** Called once before the first use by an app. Constructors open nothing. */
  async open(_context: StoreContext): Promise<void> {}

  /**
   * Frees what the broker opened. Waits for work that are under way end with StoppedError, and so does every call from now
   * on. May be called more than once.
   */
  async close(): Promise<void> {}

  /**
   * A store that does a broker step and a result step in one, when `backend` is of the same kind and place; null when
   * it is not. Called after both were opened.
   */
  async fuse(_backend: BaseResultBackend): Promise<TaskStore | null> {
    return null;
  }

  /** Dead letters of a queue, latest first. @throws ArgumentError when `limit` or `offset` is no count */
  deadLetters(_queue: string, _page?: Page): Promise<DeadLetter[]> {
    return this.#missing('deadLetters');
  }

  /** Takes one dead letter out; it is known no longer. @returns null when there is none */
  takeDeadLetter(_queue: string, _id: string): Promise<DeadLetter | null> {
    return this.#missing('takeDeadLetter');
  }

  /** Removes the waiting and delayed messages of a queue. @returns their ids */
  purge(_queue: string): Promise<string[]> {
    return this.#missing('purge');
  }

  /** No message of the queue is handed out until `resume`; what runs goes on. */
  pause(_queue: string): Promise<void> {
    return this.#missing('pause');
  }

  resume(_queue: string): Promise<void> {
    return this.#missing('resume');
  }

  /** Sends a text to the subscribers of a topic; those who are away miss it. */
  publish(_topic: string, _text: string): Promise<void> {
    return this.#missing('publish');
  }

  /** Hears what is published on a topic. @returns ends the subscription */
  subscribe(_topic: string, _listener: (text: string) => void): Promise<() => Promise<void>> {
    return this.#missing('subscribe');
  }

  #missing(method: string): Promise<never> {
    return Promise.reject(new NotImplementedError(`${this.constructor.name}.${method}()`));
  }
}
