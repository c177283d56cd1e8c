import type { BackendConfig, BrokerConfig, Config, ExecutorConfig } from './config.js';
import { type DurationText, isDurationText } from './duration.js';
import { ConfigError } from './errors.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Draft {
  config: Mutable<Config>;
  backend: Mutable<BackendConfig>;
  broker: Mutable<BrokerConfig>;
  executor: Mutable<ExecutorConfig>;
}

/** Every environment variable that configures an app, and where its value goes. */
const VARIABLES: Readonly<Record<string, (draft: Draft, value: string, name: string) => void>> = {
  FLOWRRA_URL: (draft, value) => (draft.config.url = value),
  FLOWRRA_KEY_PREFIX: (draft, value) => (draft.config.keyPrefix = value),
  FLOWRRA_MAX_PAYLOAD_BYTES: (draft, value, name) => (draft.config.maxPayloadBytes = integer(value, name)),
  FLOWRRA_BACKEND_URL: (draft, value) => (draft.backend.url = value),
  FLOWRRA_RESULT_TTL: (draft, value, name) => (draft.backend.ttl = durationText(value, name)),
  FLOWRRA_BROKER_URL: (draft, value) => (draft.broker.url = value),
  FLOWRRA_MAX_QUEUE_SIZE: (draft, value, name) => (draft.broker.maxQueueSize = integer(value, name)),
  FLOWRRA_DEDUPE_WINDOW: (draft, value, name) => (draft.broker.dedupeWindow = durationText(value, name)),
  FLOWRRA_MAX_CRASHES: (draft, value, name) => (draft.broker.maxCrashes = integer(value, name)),
  FLOWRRA_IO_WORKERS: (draft, value, name) => (draft.executor.ioWorkers = integer(value, name)),
  FLOWRRA_CPU_WORKERS: (draft, value, name) => (draft.executor.cpuWorkers = integer(value, name)),
  FLOWRRA_QUEUES: (draft, value) => (draft.executor.queues = value.split(',').map((queue) => queue.trim())),
  FLOWRRA_LEASE: (draft, value, name) => (draft.executor.lease = durationText(value, name)),
  FLOWRRA_POLL_INTERVAL: (draft, value, name) => (draft.executor.pollInterval = durationText(value, name)),
  FLOWRRA_STOP_GRACE: (draft, value, name) => (draft.executor.stopGrace = durationText(value, name)),
};

/**
 * The configuration that the environment describes, to be passed on or spread into one: `FLOWRRA_URL`,
 * `FLOWRRA_IO_WORKERS`, `FLOWRRA_LEASE=30s` and so on. Durations need a unit.
 * @throws ConfigError for a value that cannot be read, and for a `FLOWRRA_` variable that does not exist
 * @example
 * const app = new Flowrra(configFromEnv());
 */
export function configFromEnv(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const draft: Draft = { config: {}, backend: {}, broker: {}, executor: {} };
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('FLOWRRA_') || value === undefined || value === '') continue;
    const apply = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
    if (!apply)
      throw new ConfigError(name, `There is no setting ${name}. Known: ${Object.keys(VARIABLES).join(', ')}.`);
    apply(draft, value, name);
  }
  const { config, ...parts } = draft;
  return { ...config, ...Object.fromEntries(Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0)) };
}

function integer(value: string, name: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new ConfigError(name, `${name} must be a whole number.`);
}

function durationText(value: string, name: string): DurationText {
  if (isDurationText(value)) return value;
  throw new ConfigError(name, `${name} must be a duration with a unit, such as 250ms, 10s, 5m, 2h or 1d.`);
}
