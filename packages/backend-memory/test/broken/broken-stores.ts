import {
  type ClaimedTask,
  type ClaimRequest,
  JoinedTaskStore,
  type NewMessage,
  outcomeResult,
  type RetryRequest,
  readMessage,
  type StoreClaimReply,
  type SubmitReply,
  type TaskOutcome,
  unfinishedResult,
} from '@flowrra/core';

/** The time to live that the suite asks for, in milliseconds. */
const TTL = 2_000;

class EndsWithoutLease extends JoinedTaskStore {
  override async finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    const accepted = await this.backend.store(task.lease.id, outcomeResult(task, outcome, this.context.clock.now()));
    await this.broker.ack([{ lease: task.lease }]);
    return accepted;
  }
}

class ForgetsToAck extends JoinedTaskStore {
  override async finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    return this.backend.store(task.lease.id, outcomeResult(task, outcome, this.context.clock.now()));
  }
}

class RecordsBeforeItPushes extends JoinedTaskStore {
  override async submit(messages: readonly NewMessage[]): Promise<SubmitReply[]> {
    for (const { id: taskId, queue, payload } of messages) {
      const delivery = { taskId, queue, attempt: 1, fence: 0, submittedAt: this.context.clock.now() };
      const unstarted = { startedAt: null, worker: null, progress: null };
      await this.backend.store(
        taskId,
        unfinishedResult('pending', readMessage(payload), { ...delivery, ...unstarted }),
      );
    }
    return super.submit(messages);
  }
}

class DoesNotShowRetries extends JoinedTaskStore {
  override retry(task: ClaimedTask, { runAt }: RetryRequest): Promise<boolean> {
    return this.broker.release(task.lease, { runAt, reason: 'failed' });
  }
}

class RunsWhatHasEnded extends JoinedTaskStore {
  override async claim(request: ClaimRequest): Promise<StoreClaimReply> {
    const { claims: found, nextDueIn, lastChanceWaiting } = await this.broker.claim(request);
    const claims = found.map((claim) => ({
      ...claim,
      worker: request.worker,
      leaseMs: request.leaseMs,
      message: readMessage(claim.payload),
    }));
    return { claims, nextDueIn, lastChanceWaiting };
  }
}

class DropsProgress extends JoinedTaskStore {
  override async reportProgress(): Promise<boolean> {
    return true;
  }
}

class LosesReasons extends JoinedTaskStore {
  override finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    return super.finish(task, outcome.status === 'success' ? outcome : { ...outcome, deadLetter: undefined });
  }
}

/** A timer for each end, which goes on when its id is used again. */
class ExpiresWhatUsesAnOldId extends JoinedTaskStore {
  override async finish(task: ClaimedTask, outcome: TaskOutcome): Promise<boolean> {
    this.context.clock.after(TTL, () => void this.backend.delete(task.lease.id), { keepAlive: false });
    return super.finish(task, outcome);
  }
}

/** Each bug, and the promise that must catch it. */
export const BROKEN_STORES: readonly (readonly [typeof JoinedTaskStore, string])[] = [
  [EndsWithoutLease, 'refuses the result of a worker whose lease ended, even if the task runs nowhere'],
  [ForgetsToAck, 'stores the result of a success, and holds the task no longer'],
  [RecordsBeforeItPushes, 'leaves no result of what a full queue refused (BK-22)'],
  [DoesNotShowRetries, 'shows a failed attempt as retrying until it runs again'],
  [RunsWhatHasEnded, 'does not run a task that has ended already'],
  [DropsProgress, 'keeps the last progress that a handler reported, to the end'],
  [LosesReasons, 'keeps a task that is given up as a dead letter, beside its result'],
  [
    ExpiresWhatUsesAnOldId,
    'keeps a task that uses an old id, however soon the result before it would have expired (RB-06)',
  ],
];

/** The name of a class, as the rest of a sentence. */
export function asWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
}
