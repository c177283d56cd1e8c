import type { Lane } from '../../brokers/base-broker.js';
import type { FinalStatus, TaskStatus } from '../../tasks/task-status.js';
import type { ModelPush } from '../broker/broker-model.js';
import type { ClaimStep } from '../broker/check-claim.js';

/** One of the workers; the second one has a store of its own where the world has another. */
export type StepWorker = 'worker-1' | 'worker-2';

/**
 * One thing that is done to a task store, its broker or its backend. Ids, queues and workers are few, so that they meet.
 * Durations are milliseconds; `held` says which delivery is meant, counted back from the latest one; `again` does it
 * twice, as when the first reply is lost; `late` is a delivery whose worker says that it goes on before anybody has
 * noticed that time has passed; a second later it is.
 */
export type TaskStoreStep =
  | { do: 'submit'; messages: readonly ModelPush[]; again: boolean }
  | ({ do: 'claim'; worker: StepWorker } & ClaimStep)
  | { do: 'extend'; held: number; leaseMs: number }
  | { do: 'progress'; held: number }
  | { do: 'retry'; held: number; delay: number; again: boolean }
  | { do: 'release'; held: number; delay: number; reason: 'stopped' | 'deferred'; again: boolean }
  | { do: 'finish'; held: number; status: FinalStatus; dead: boolean; again: boolean }
  | { do: 'cancel'; queue: string; id: string }
  | { do: 'purge' | 'pause' | 'resume'; queue: string }
  | { do: 'takeDeadLetter'; queue: string; id: string }
  /** Somebody who holds no lease stores a result: of a message that is held a final one. */
  | { do: 'store'; id: string; status: TaskStatus }
  | { do: 'delete'; id: string }
  | { do: 'clear' }
  | { do: 'wait'; id: string }
  | { do: 'list'; status: TaskStatus; limit: number; offset: number }
  | { do: 'advance'; ms: number; late: number };

export type StepOf<Do extends TaskStoreStep['do']> = Extract<TaskStoreStep, { do: Do }>;

export const LANES: readonly Lane[] = ['io', 'cpu'];
