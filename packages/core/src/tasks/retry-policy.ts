import { type Duration, parseDuration } from '../duration.js';
import { ConfigError } from '../errors.js';
import { checkOptions } from '../options.js';

/** How a task is tried again after a failed attempt. */
export interface RetryOptions {
  /** Attempts after the first; default 3. */
  max?: number | undefined;
  /** Before the first retry; default 1 s. */
  delay?: Duration | undefined;
  /** `exponential` (default) doubles the delay each time, `fixed` keeps it. */
  backoff?: 'exponential' | 'fixed' | undefined;
  /** No delay is longer; default 1 h. */
  maxDelay?: Duration | undefined;
  /** Spread delays at random between half and all of their length, so that tasks do not come back together; default true. */
  jitter?: boolean | undefined;
}

/** The policy as it travels in a message: milliseconds, nothing optional. */
export interface RetryPolicy {
  readonly max: number;
  readonly delay: number;
  readonly backoff: 'exponential' | 'fixed';
  readonly maxDelay: number;
  readonly jitter: boolean;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  max: 3,
  delay: 1_000,
  backoff: 'exponential',
  maxDelay: 3_600_000,
  jitter: true,
};

/**
 * The policy that the options describe, on top of another; a number is short for `{ max }`.
 * @throws ConfigError naming the option
 */
export function resolveRetries(
  options: number | RetryOptions | undefined,
  base: RetryPolicy = DEFAULT_RETRY_POLICY,
): RetryPolicy {
  if (options === undefined) return base;
  const given =
    typeof options === 'number'
      ? { max: options }
      : checkOptions<RetryOptions>(options, 'retries', ['max', 'delay', 'backoff', 'maxDelay', 'jitter']);
  const { max = base.max, backoff = base.backoff, jitter = base.jitter } = given;
  if (!Number.isInteger(max) || max < 0 || max > 1_000)
    throw new ConfigError('retries.max', 'retries must be an integer from 0 to 1000.');
  if (backoff !== 'exponential' && backoff !== 'fixed')
    throw new ConfigError('retries.backoff', 'retries.backoff must be "exponential" or "fixed".');
  if (typeof jitter !== 'boolean') throw new ConfigError('retries.jitter', 'retries.jitter must be true or false.');
  const delay = given.delay === undefined ? base.delay : parseDuration(given.delay, 'retries.delay');
  const maxDelay = given.maxDelay === undefined ? base.maxDelay : parseDuration(given.maxDelay, 'retries.maxDelay');
  return { max, delay, backoff, maxDelay, jitter };
}

/** Milliseconds to wait after attempt number `attempt` (from 1) failed. */
export function retryDelay(policy: RetryPolicy, attempt: number, random: () => number = Math.random): number {
  const doublings = policy.backoff === 'exponential' ? Math.min(attempt - 1, 40) : 0;
  const full = Math.min(policy.delay * 2 ** doublings, policy.maxDelay);
  return Math.round(policy.jitter ? full * (0.5 + random() / 2) : full);
}
