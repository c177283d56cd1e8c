import type { BackendWaitOptions, Page } from '../backends/base-result-backend.js';
import type {
  Claim,
  ClaimReply,
  ClaimRequest,
  ExtendReply,
  Instant,
  Lease,
  NewMessage,
  OpenClaim,
  PushReply,
  QueueSize,
  ReleaseReason,
  WaitForWorkOptions,
} from '../brokers/base-broker.js';
import type { TaskErrorInfo } from '../errors.js';
import type { TaskMessage } from '../tasks/task-message.js';
import type { FinishedTaskResult, TaskResult } from '../tasks/task-result.js';
import type { TaskStatus } from '../tasks/task-status.js';

/** A claimed message together with the call it carries. */
export interface ClaimedTask extends Claim {
  /**
   * Null when the bytes cannot be read. Its arguments are the handler's, which may change them: who needs the call once
   * the handler has begun reads the payload again.
   */
  readonly message: TaskMessage | null;
  readonly worker: string;
  /** For how long it was claimed, in milliseconds. */
  readonly leaseMs: number;
}

export interface StoreClaimReply extends Omit<ClaimReply, 'claims' | 'open'> {
  readonly claims: readonly ClaimedTask[];
  readonly open?: OpenClaim<ClaimedTask> | undefined;
}

/** How a task ended. `resultJson` is the strict JSON of the result. */
export type TaskOutcome =
  | { readonly status: 'success'; readonly resultJson: string; readonly progressJson: string | null }
  | {
      readonly status: 'failed' | 'cancelled';
      readonly error: TaskErrorInfo;
      readonly progressJson: string | null;
      /** Given: the message is kept as a dead letter with this reason. */
      readonly deadLetter?: string | undefined;
    };

export interface SubmitReply extends PushReply {
  /** Whether the task has a record by now: a wait that finds none later finds one that is gone. */
  readonly recorded: boolean;
}

/** A failed attempt that is to be repeated. */
export interface RetryRequest {
  readonly runAt: Instant;
  readonly error: TaskErrorInfo;
}

/**
 * The one seam that executors and the app talk to: a broker and a backend, joined. In general the steps are done in
 * order (`JoinedTaskStore`); a broker and a backend of one kind may fuse them.
 */
export interface TaskStore {
  /** Whether a claim takes effect after what was asked for before it: then a slot is free once the end is on its way. */
  readonly inOrder: boolean;
  /** push, then PENDING. The push alone decides; a refused one leaves no record. */
  submit(messages: readonly NewMessage[]): Promise<SubmitReply[]>;
  /** claim, then RUNNING. Messages whose task has a final result already are acknowledged and left out. */
  claim(request: ClaimRequest): Promise<StoreClaimReply>;
  extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]>;
  /** Final result, then ack. @returns false when the lease was lost or another result came first */
  finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean>;
  /** RETRYING, then release. @returns false when the lease was lost */
  retry(task: ClaimedTask, request: RetryRequest): Promise<boolean>;
  /** Puts a task back that did not fail. @returns false when the lease was lost */
  release(task: ClaimedTask, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean>;
  /** Keeps what the handler reports. @returns false when the lease was lost */
  reportProgress(task: ClaimedTask, progressJson: string): Promise<boolean>;

  cancel(queue: string, id: string): Promise<boolean>;
  holds(ids: readonly string[]): Promise<boolean[]>;
  size(queue: string): Promise<QueueSize>;
  waitForWork(queues: readonly string[], options: WaitForWorkOptions): Promise<void>;

  get(taskId: string): Promise<TaskResult | null>;
  waitFor(taskId: string, options?: BackendWaitOptions): Promise<FinishedTaskResult>;
  listByStatus(status: TaskStatus, page?: Page): Promise<TaskResult[]>;
}
