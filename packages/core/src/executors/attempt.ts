import { LONGEST_DURATION } from '../duration.js';
import type { TaskErrorInfo } from '../errors.js';
import { describeError } from '../tasks/describe-error.js';

/** How one run of a handler ended, before it is decided what becomes of the task. */
export type AttemptEnd = { readonly status: 'success'; readonly resultJson: string } | FailedAttempt;

export interface FailedAttempt {
  readonly status: 'failed';
  readonly error: TaskErrorInfo;
  /** What the failure says about another attempt: as the task's policy has it, never, or after so many milliseconds. */
  readonly retry: 'policy' | 'never' | { readonly after: number };
}

/** Errors that another attempt would only repeat. */
const PERMANENT_CODES: ReadonlySet<string> = new Set([
  'PERMANENT',
  'NOT_SERIALIZABLE',
  'PAYLOAD_TOO_LARGE',
  'SCHEMA_MISMATCH',
  'CPU_MODULE',
]);

/** The failed attempt that a thrown value makes. Errors are known by `code`: the handler may use another copy of core. */
export function failedAttempt(thrown: unknown): FailedAttempt {
  const error = describeError(thrown);
  return { status: 'failed', error, retry: retryAdvice(thrown, error) };
}

function retryAdvice(thrown: unknown, error: TaskErrorInfo): FailedAttempt['retry'] {
  if (error.code && PERMANENT_CODES.has(error.code)) return 'never';
  const delay = error.code === 'RETRY_LATER' ? delayOf(thrown) : undefined;
  return typeof delay === 'number' && delay >= 0 ? { after: Math.min(delay, LONGEST_DURATION) } : 'policy';
}

function delayOf(thrown: unknown): unknown {
  try {
    return (thrown as { delay?: unknown }).delay;
  } catch {
    // A getter that throws: no usable delay.
    return undefined;
  }
}
