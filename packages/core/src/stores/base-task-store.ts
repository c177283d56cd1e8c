import type { BackendWaitOptions, BaseResultBackend, Page } from '../backends/base-result-backend.js';
import type {
  BaseBroker,
  ClaimRequest,
  ExtendReply,
  Instant,
  Lease,
  NewMessage,
  QueueSize,
  ReleaseReason,
  WaitForWorkOptions,
} from '../brokers/base-broker.js';
import type { FinishedTaskResult, TaskResult } from '../tasks/task-result.js';
import type { TaskStatus } from '../tasks/task-status.js';
import type { ClaimedTask, RetryRequest, StoreClaimReply, SubmitReply, TaskOutcome, TaskStore } from './task-store.js';

/** What every task store does alike: it passes on what concerns its broker alone, or its backend alone. */
export abstract class BaseTaskStore<Backend extends BaseResultBackend = BaseResultBackend> implements TaskStore {
  abstract readonly inOrder: boolean;

  constructor(
    readonly broker: BaseBroker,
    readonly backend: Backend,
  ) {}

  abstract submit(messages: readonly NewMessage[]): Promise<SubmitReply[]>;
  abstract claim(request: ClaimRequest): Promise<StoreClaimReply>;
  abstract finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean>;
  abstract retry(task: ClaimedTask, request: RetryRequest): Promise<boolean>;
  abstract reportProgress(task: ClaimedTask, progressJson: string): Promise<boolean>;

  extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    return this.broker.extend(leases, leaseMs);
  }

  release(task: ClaimedTask, options: { runAt: Instant | null; reason: ReleaseReason }): Promise<boolean> {
    return this.broker.release(task.lease, options);
  }

  cancel(queue: string, id: string): Promise<boolean> {
    return this.broker.cancel(queue, id);
  }

  holds(ids: readonly string[]): Promise<boolean[]> {
    return this.broker.holds(ids);
  }

  size(queue: string): Promise<QueueSize> {
    return this.broker.size(queue);
  }

  waitForWork(queues: readonly string[], options: WaitForWorkOptions): Promise<void> {
    return this.broker.waitForWork(queues, options);
  }

  get(taskId: string): Promise<TaskResult | null> {
    return this.backend.get(taskId);
  }

  waitFor(taskId: string, options?: BackendWaitOptions): Promise<FinishedTaskResult> {
    return this.backend.waitFor(taskId, options);
  }

  listByStatus(status: TaskStatus, page?: Page): Promise<TaskResult[]> {
    return this.backend.listByStatus(status, page);
  }
}
