// The app

export type { BackendConfig, BrokerConfig, Config, ExecutorConfig, QueueConfig } from './config.js';
export { configFromEnv } from './config-from-env.js';
export type { TaskEventMap, TaskEventName } from './events/task-events.js';
export { Flowrra, type HandlerOf } from './flowrra.js';
export type { ExecuteCall, Middleware, Service, SubmitCall } from './middleware.js';

// Tasks and results

export { DEFAULT_RETRY_POLICY, type RetryOptions, type RetryPolicy } from './tasks/retry-policy.js';
export {
  type CallOptions,
  type ContractOptions,
  defineTask,
  isTaskContract,
  type SubmitOptions,
  type Task,
  type TaskContract,
  type TaskKind,
  type TaskOptions,
  type TaskSchemas,
} from './tasks/task.js';
export { NoTaskContextError, type TaskContext, taskContext } from './tasks/task-context.js';
export { TaskHandle } from './tasks/task-handle.js';
export type { CpuCode } from './tasks/task-registry.js';
export {
  type FailedTaskResult,
  type FinishedTaskResult,
  isFinished,
  mayReplace,
  type ResultStamp,
  type SuccessTaskResult,
  type TaskResult,
  type UnfinishedTaskResult,
} from './tasks/task-result.js';
export { type FinalStatus, isFinal, NEXT_STATUSES, TaskStatus } from './tasks/task-status.js';

// Executors

export { BaseExecutor } from './executors/base-executor.js';
export { CPUExecutor, type CpuTaskNeedsItsType, type CpuTaskOptions } from './executors/cpu-executor.js';
export { CpuThreadLostError } from './executors/cpu-thread-lost-error.js';
export { IOExecutor } from './executors/io-executor.js';
export {
  checkRunOptions,
  checkStopOptions,
  type Runnable,
  type RunOptions,
  runUntilSignal,
  type StopOptions,
} from './executors/run-until-signal.js';

// Result backends

export {
  type BackendWaitOptions,
  BaseResultBackend,
  type Page,
  type WaitOptions,
} from './backends/base-result-backend.js';
export { checkPage } from './backends/check-page.js';
export { getBackend } from './backends/get-backend.js';
export { pollUntilFinished, type ResolvedWait, resolveWait } from './backends/poll-until-finished.js';

// Brokers

export {
  type Acknowledgement,
  BaseBroker,
  type BrokerSupport,
  CANCEL_TOPIC,
  type Claim,
  type ClaimReply,
  type ClaimRequest,
  type DeadLetter,
  type ExtendReply,
  type Instant,
  type Lane,
  type Lease,
  type NewMessage,
  type OpenClaim,
  type PushReply,
  type QueueSize,
  type ReleaseReason,
  type Verdict,
  type WaitForWorkOptions,
} from './brokers/base-broker.js';
export {
  BROKER_POLICY_OPTIONS,
  type BrokerPolicy,
  type BrokerPolicyOptions,
  checkBrokerPolicy,
  DEFAULT_BROKER_POLICY,
} from './brokers/broker-policy.js';
export { getBroker } from './brokers/get-broker.js';

// For authors of stores

export { CONTRACT, implementsContract, type StoreContext } from './contract.js';
export { errorAt } from './error-at.js';
export { checkName } from './names.js';
export { onAbort } from './on-abort.js';
export { checkDuration, checkInteger, checkOptions } from './options.js';
export { ShortLivedMap, ShortLivedSet } from './short-lived.js';
export { BaseTaskStore } from './stores/base-task-store.js';
export { claimedTask } from './stores/claimed-task.js';
export { importPackage } from './stores/import-package.js';
export { JoinedTaskStore, outcomeResult } from './stores/joined-task-store.js';
export { asBackendError, registerBackend, type StoreProvider, schemeOf } from './stores/store-providers.js';
export type {
  ClaimedTask,
  RetryRequest,
  StoreClaimReply,
  SubmitReply,
  TaskOutcome,
  TaskStore,
} from './stores/task-store.js';
export { decodeTaskResult, encodeJson, encodeTaskResult, type JsonObject, type JsonValue } from './tasks/codec.js';
export {
  type Delivery,
  finishedResult,
  readMessage,
  type TaskMessage,
  unfinishedResult,
} from './tasks/task-message.js';

// Scheduling (implemented by @flowrra/scheduler)

export {
  BaseSchedulerBackend,
  type DueSchedules,
  type DueTimes,
  type ExceptTasks,
} from './scheduling/base-scheduler-backend.js';
export type { Firing, FiringMark, NewFiring, SlotDecision, UnsubmittedFiring } from './scheduling/firing.js';
export type { ScheduleChange, ScheduleFilter } from './scheduling/schedule-change.js';
export type { Explanation, SchedulerHealth, ScheduleService } from './scheduling/schedule-service.js';
export { type CatchUp, type ScheduledTask, ScheduleType } from './scheduling/scheduled-task.js';

// Time and logging

export { type Clock, sleep, systemClock, type Timer } from './clock.js';
export { type Duration, type DurationText, parseDuration } from './duration.js';
export { consoleLogger, type Logger } from './logger.js';

// Errors

export {
  ArgumentError,
  AttemptTimeoutError,
  BackendError,
  CancelRequestedError,
  ConfigError,
  CpuModuleError,
  FlowrraError,
  IndeterminateSubmitError,
  InvalidUrlError,
  LeaseLostError,
  MessageUnreadableError,
  MissingPackageError,
  NotImplementedError,
  NoWorkerError,
  PayloadTooLargeError,
  PermanentError,
  QueueFullError,
  ResultNotFoundError,
  ResultUnreadableError,
  RetryLater,
  ScheduleExistsError,
  ScheduleNotFoundError,
  SchemaError,
  SerializationError,
  StoppedError,
  StoreFullError,
  StoreUnavailableError,
  TaskCancelledError,
  type TaskErrorInfo,
  TaskExistsError,
  TaskExpiredError,
  TaskFailedError,
  TaskNotFoundError,
  TaskTimeoutError,
  UnsupportedSchemeError,
  WaitAbortedError,
  WaitTimeoutError,
  WorkerLostError,
  WorkerStoppingError,
} from './errors.js';
