import type { Duration } from '../duration.js';
import { checkDuration, checkInteger } from '../options.js';

/** What every broker lets its user decide; constructors of brokers take these options, whatever else they take. */
export interface BrokerPolicyOptions {
  /** Most waiting and delayed tasks of one queue; default null: no limit. */
  readonly maxQueueSize?: number | null | undefined;
  /** How long explicit and derived ids stay known after their task ended; default 1 h, 0: not at all. */
  readonly dedupeWindow?: Duration | undefined;
  /** Leases that may end by time (crashed workers) before a task is given up; default 3. */
  readonly maxCrashes?: number | undefined;
}

/** For `checkOptions`, in the constructor of a broker. */
export const BROKER_POLICY_OPTIONS = ['maxQueueSize', 'dedupeWindow', 'maxCrashes'] as const;

/** The same with nothing left open. Times in milliseconds. */
export interface BrokerPolicy {
  readonly maxQueueSize: number | null;
  readonly dedupeWindow: number;
  readonly maxCrashes: number;
}

export const DEFAULT_BROKER_POLICY: BrokerPolicy = { maxQueueSize: null, dedupeWindow: 3_600_000, maxCrashes: 3 };

/**
 * Checks the policy among the options and fills in the defaults.
 * @param group how errors call the options, such as `broker`; empty for those of a constructor
 * @throws ConfigError naming the option
 */
export function checkBrokerPolicy(options: BrokerPolicyOptions, group = ''): BrokerPolicy {
  const {
    maxQueueSize = DEFAULT_BROKER_POLICY.maxQueueSize,
    dedupeWindow = DEFAULT_BROKER_POLICY.dedupeWindow,
    maxCrashes = DEFAULT_BROKER_POLICY.maxCrashes,
  } = options;
  const path = (option: keyof BrokerPolicy): string => (group ? `${group}.${option}` : option);
  return {
    maxQueueSize:
      maxQueueSize === null
        ? null
        : checkInteger(maxQueueSize, path('maxQueueSize'), { min: 1, max: Number.MAX_SAFE_INTEGER }),
    dedupeWindow: checkDuration(dedupeWindow, path('dedupeWindow'), { min: 0 }),
    maxCrashes: checkInteger(maxCrashes, path('maxCrashes'), { min: 1, max: 1_000 }),
  };
}
