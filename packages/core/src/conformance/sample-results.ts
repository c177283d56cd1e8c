import type { TaskErrorInfo } from '../errors.js';
import type { JsonValue } from '../tasks/codec.js';
import { DEFAULT_RETRY_POLICY } from '../tasks/retry-policy.js';
import { type Delivery, finishedResult, type TaskMessage, unfinishedResult } from '../tasks/task-message.js';
import type { FinishedTaskResult, TaskResult, UnfinishedTaskResult } from '../tasks/task-result.js';
import type { FinalStatus } from '../tasks/task-status.js';

/** When the samples were submitted, epoch ms. */
export const SUBMITTED = Date.UTC(2026, 0, 1, 12);

/** A call with everything in it that stores like to get wrong. */
export const SAMPLE_CALL: TaskMessage = {
  taskName: 'reports.build',
  args: ['line\nbreak | "quoted" \\ ü 🚀 \u2028', 9007199254740991, -0.5, true, null, [], {}, { a: [], '': ['', ' '] }],
  kwargs: { depth: { of: { three: [[[]]] } }, '9007199254740993': '9007199254740993' },
  retries: DEFAULT_RETRY_POLICY,
  timeout: null,
  retryOf: 'earlier-task',
};

export const SAMPLE_ERROR: TaskErrorInfo = {
  name: 'TypeError',
  message: 'x is not a function\nat all',
  code: 'E_SAMPLE',
  stack: 'TypeError: x is not a function\n    at run (file.js:1:1)',
  cause: { name: 'Error', message: 'the reason' },
};

export interface SampleOptions {
  fence?: number;
  attempt?: number;
  submittedAt?: number | null;
  progress?: JsonValue;
  call?: TaskMessage;
  value?: JsonValue;
}

/** A task that has not ended, in a delivery with the given fence (0 while it is pending). */
export function unfinished(
  taskId: string,
  status: UnfinishedTaskResult['status'],
  options: SampleOptions = {},
): UnfinishedTaskResult {
  const error = status === 'retrying' ? SAMPLE_ERROR : null;
  return unfinishedResult(
    status,
    options.call ?? SAMPLE_CALL,
    delivery(taskId, options, status === 'pending' ? 0 : 1),
    error,
  );
}

/** A task that has ended; `value` is the result of a success. */
export function finished(
  taskId: string,
  status: FinalStatus = 'success',
  options: SampleOptions = {},
): FinishedTaskResult {
  const finishedAt = SUBMITTED + 5_000;
  const end =
    status === 'success' ? { status, result: options.value ?? { id: taskId } } : { status, error: SAMPLE_ERROR };
  return finishedResult(options.call ?? SAMPLE_CALL, delivery(taskId, options, 1), { finishedAt, ...end });
}

/** A result of any status. */
export function sample(taskId: string, status: TaskResult['status'], options: SampleOptions = {}): TaskResult {
  return status === 'pending' || status === 'running' || status === 'retrying'
    ? unfinished(taskId, status, options)
    : finished(taskId, status, options);
}

function delivery(taskId: string, options: SampleOptions, defaultFence: number): Delivery {
  const { fence = defaultFence, attempt = 1, submittedAt = SUBMITTED, progress = null } = options;
  const started = fence > 0;
  return {
    taskId,
    queue: 'default',
    attempt,
    fence,
    submittedAt,
    startedAt: started ? SUBMITTED + 1_000 : null,
    worker: started ? 'worker-1' : null,
    progress,
  };
}
