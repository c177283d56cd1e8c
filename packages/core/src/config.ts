import type { BaseResultBackend } from './backends/base-result-backend.js';
import type { BaseBroker } from './brokers/base-broker.js';
import type { BrokerPolicyOptions } from './brokers/broker-policy.js';
import type { Clock } from './clock.js';
import type { Duration } from './duration.js';
import type { Logger } from './logger.js';

/** How a Flowrra app is wired. Everything has a default: `{}` is an app in memory. */
export interface Config {
  /** Address of the store pair: results and messages. Absent or null: memory. */
  readonly url?: string | null | undefined;
  /** Results, when they are not kept where `url` says. */
  readonly backend?: BaseResultBackend | string | null | BackendConfig | undefined;
  /** Messages, when they are not kept where `url` (or the backend's address) says. */
  readonly broker?: BaseBroker | string | null | BrokerConfig | undefined;
  readonly executor?: ExecutorConfig | undefined;
  /** Begins every key in a shared store, so that several apps can live in one; default `flowrra`. */
  readonly keyPrefix?: string | undefined;
  /** Most bytes of the arguments of one task, and of one result; default 1 MiB. */
  readonly maxPayloadBytes?: number | undefined;
  /** Shaped like a pino logger. Default: warnings and errors to the console. */
  readonly logger?: Logger | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** Where and how results are kept. */
export interface BackendConfig {
  readonly url?: string | null | undefined;
  /** How long a result is kept after the task ended; default null: until it is deleted. */
  readonly ttl?: Duration | null | undefined;
  /** More options for the backend's constructor. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** Where and how messages are kept. */
export interface BrokerConfig extends BrokerPolicyOptions {
  readonly url?: string | null | undefined;
  /** More options for the broker's constructor. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** What a worker process does. */
export interface ExecutorConfig {
  /** Tasks that may run at once in the I/O lane of each served queue; default 10. */
  readonly ioWorkers?: number | undefined;
  /** Threads for the CPU lane of each served queue; default: the number of processors. */
  readonly cpuWorkers?: number | undefined;
  /** Queues to serve, or each with its own numbers; default `['default']`. */
  readonly queues?: readonly string[] | Readonly<Record<string, QueueConfig>> | undefined;
  /** How long a message is held without a sign of life of its worker; default 30 s. */
  readonly lease?: Duration | undefined;
  /** Pause between two looks at an idle queue, should a notice have been missed; default 1 s. */
  readonly pollInterval?: Duration | undefined;
  /** How long `stop()` lets running tasks go on; default 30 s. */
  readonly stopGrace?: Duration | undefined;
}

export interface QueueConfig {
  readonly ioWorkers?: number | undefined;
  readonly cpuWorkers?: number | undefined;
}

/** The one table of defaults; those of brokers are in `DEFAULT_BROKER_POLICY`, of retries in `DEFAULT_RETRY_POLICY`. */
export const DEFAULTS = {
  ioWorkers: 10,
  queue: 'default',
  lease: 30_000,
  pollInterval: 1_000,
  stopGrace: 30_000,
} as const;
export const DEFAULT_QUEUE = DEFAULTS.queue;
