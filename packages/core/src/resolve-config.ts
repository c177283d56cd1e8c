import { availableParallelism } from 'node:os';
import type { BaseResultBackend } from './backends/base-result-backend.js';
import type { BaseBroker } from './brokers/base-broker.js';
import { BROKER_POLICY_OPTIONS, checkBrokerPolicy } from './brokers/broker-policy.js';
import { type Clock, systemClock } from './clock.js';
import {
  type BackendConfig,
  type BrokerConfig,
  type Config,
  DEFAULTS,
  type ExecutorConfig,
  type QueueConfig,
} from './config.js';
import { CONTRACT, type ContractName, describeContract, implementsContract } from './contract.js';
import { ConfigError } from './errors.js';
import { consoleLogger, type Logger } from './logger.js';
import { checkDuration, checkInteger, checkNameOption, checkOptions, checkPlainObject } from './options.js';
import { DEFAULT_MAX_PAYLOAD_BYTES } from './tasks/codec.js';

/** All options of an app. */
export const CONFIG_OPTIONS = [
  'url',
  'backend',
  'broker',
  'executor',
  'keyPrefix',
  'maxPayloadBytes',
  'logger',
  'clock',
] as const;

const MAX_WORKERS = 10_000;

/** The configuration with every default filled in; durations in milliseconds. */
export interface ResolvedConfig {
  readonly backend: StoreChoice<BaseResultBackend>;
  readonly broker: StoreChoice<BaseBroker>;
  /** True when the broker was not chosen: then a backend instance may bring its own. */
  readonly brokerFollowsBackend: boolean;
  readonly queues: ReadonlyMap<string, Required<{ readonly ioWorkers: number; readonly cpuWorkers: number }>>;
  readonly lease: number;
  readonly pollInterval: number;
  readonly stopGrace: number;
  readonly maxPayloadBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A ready instance, or an address (null: memory) with constructor options. */
export interface StoreChoice<T> {
  readonly target: T | string | null;
  readonly options: Record<string, unknown>;
}

/**
 * Checks a configuration and fills in the defaults.
 * @throws ConfigError naming the option
 */
export function resolveConfig(config: Config): ResolvedConfig {
  checkOptions<Config>(config, '', CONFIG_OPTIONS);
  const keyPrefix = config.keyPrefix === undefined ? {} : { keyPrefix: checkNameOption(config.keyPrefix, 'keyPrefix') };
  const url = checkUrl(config.url, 'url');
  const backend = resolveBackend(config);
  const broker = resolveBroker(config);
  // An address given for one half of the pair serves for the other half too; null was chosen, undefined was not.
  const backendTarget = firstGiven<BaseResultBackend | string | null>(backend.target, url, addressOf(broker.target));
  checkResultsHavePlace(broker.target, backendTarget);
  const brokerTarget = firstGiven<BaseBroker | string | null>(broker.target, url, addressOf(backend.target));
  const executor = checkOptions<ExecutorConfig>(config.executor ?? {}, 'executor', [
    'ioWorkers',
    'cpuWorkers',
    'queues',
    'lease',
    'pollInterval',
    'stopGrace',
  ]);
  const { lease = DEFAULTS.lease, pollInterval = DEFAULTS.pollInterval, stopGrace = DEFAULTS.stopGrace } = executor;
  return {
    backend: { target: backendTarget ?? null, options: { ...keyPrefix, ...backend.options } },
    broker: { target: brokerTarget ?? null, options: { ...keyPrefix, ...broker.options } },
    brokerFollowsBackend: brokerTarget === undefined,
    queues: resolveQueues(executor),
    lease: checkDuration(lease, 'executor.lease', { min: 100 }),
    pollInterval: checkDuration(pollInterval, 'executor.pollInterval', { min: 10 }),
    stopGrace: checkDuration(stopGrace, 'executor.stopGrace', { min: 0 }),
    maxPayloadBytes: checkInteger(config.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES, 'maxPayloadBytes', {
      min: 1,
      max: 256 * 1024 * 1024,
    }),
    logger: checkLogger(config.logger ?? consoleLogger),
    clock: checkClock(config.clock ?? systemClock),
  };
}

/** A logger that lacks a method would be found out in the middle of an error. */
function checkLogger(logger: Logger): Logger {
  const lacking = (['debug', 'info', 'warn', 'error'] as const).filter((level) => typeof logger[level] !== 'function');
  if (lacking.length === 0) return logger;
  throw new ConfigError('logger', `logger must have the methods of a pino logger; it lacks ${lacking.join(', ')}.`);
}

function checkClock(clock: Clock): Clock {
  if (typeof clock?.now === 'function' && typeof clock.after === 'function') return clock;
  throw new ConfigError(
    'clock',
    'clock must be a Clock, with the methods now and after: leave it out outside of tests.',
  );
}

/** Results in the memory of each process would be awaited by others for ever. */
function checkResultsHavePlace(broker: BaseBroker | string | null | undefined, backend: unknown): void {
  if (typeof broker !== 'object' || broker === null || broker.supports.processLocal || backend !== undefined) return;
  throw new ConfigError(
    'backend',
    'A broker of your own does not say where results are kept: give a backend too, or null to keep them in this process.',
  );
}

function firstGiven<T>(...targets: (T | undefined)[]): T | undefined {
  return targets.find((target) => target !== undefined);
}

function addressOf(target: unknown): string | undefined {
  return typeof target === 'string' ? target : undefined;
}

function resolveBackend({ backend }: Config): {
  target: BaseResultBackend | string | null | undefined;
  options: Record<string, unknown>;
} {
  if (implementsContract(backend, 'result-backend@1')) return { target: backend as BaseResultBackend, options: {} };
  if (backend === undefined || backend === null || typeof backend === 'string') return { target: backend, options: {} };
  refuseOtherContract(backend, 'backend', 'result-backend@1');
  const { url, options, ...own } = checkOptions<BackendConfig>(backend, 'backend', ['url', 'ttl', 'options']);
  if (own.ttl !== undefined && own.ttl !== null) checkDuration(own.ttl, 'backend.ttl', { min: 1 });
  return {
    target: checkUrl(url, 'backend.url'),
    options: { ...defined(own), ...checkMore(options, 'backend.options') },
  };
}

function resolveBroker({ broker }: Config): {
  target: BaseBroker | string | null | undefined;
  options: Record<string, unknown>;
} {
  if (implementsContract(broker, 'broker@1')) return { target: broker as BaseBroker, options: {} };
  if (broker === undefined || broker === null || typeof broker === 'string') return { target: broker, options: {} };
  refuseOtherContract(broker, 'broker', 'broker@1');
  const known = ['url', ...BROKER_POLICY_OPTIONS, 'options'] as const;
  const { url, options, ...policy } = checkOptions<BrokerConfig>(broker, 'broker', known);
  return {
    target: checkUrl(url, 'broker.url'),
    options: { ...checkBrokerPolicy(policy, 'broker'), ...checkMore(options, 'broker.options') },
  };
}

function resolveQueues(executor: ExecutorConfig): ResolvedConfig['queues'] {
  const { queues = [DEFAULTS.queue] } = executor;
  if (typeof queues !== 'object' || queues === null)
    throw new ConfigError(
      'executor.queues',
      'executor.queues must be names, as in ["mail"], or names with numbers: { mail: { ioWorkers: 2 } }.',
    );
  const named = Array.isArray(queues)
    ? queues.map((name: string): [string, QueueConfig] => [name, {}])
    : Object.entries(queues as Record<string, QueueConfig>);
  if (named.length === 0) throw new ConfigError('executor.queues', 'executor.queues must name at least one queue.');
  return new Map(
    named.map(([name, own]) => {
      checkNameOption(name, 'executor.queues');
      checkOptions<QueueConfig>(own, `executor.queues.${name}`, ['ioWorkers', 'cpuWorkers']);
      const io = own.ioWorkers ?? executor.ioWorkers ?? DEFAULTS.ioWorkers;
      const cpu = own.cpuWorkers ?? executor.cpuWorkers ?? availableParallelism();
      const pathOf = (option: keyof QueueConfig): string =>
        own[option] === undefined ? `executor.${option}` : `executor.queues.${name}.${option}`;
      return [
        name,
        {
          ioWorkers: checkInteger(io, pathOf('ioWorkers'), { min: 0, max: MAX_WORKERS }),
          cpuWorkers: checkInteger(cpu, pathOf('cpuWorkers'), { min: 0, max: MAX_WORKERS }),
        },
      ];
    }),
  );
}

/** A store in the place of another, or of another version of the contract, is no object with wrong options. */
function refuseOtherContract(value: unknown, option: string, contract: ContractName): void {
  if (typeof value !== 'object' || value === null || !(CONTRACT in value)) return;
  throw new ConfigError(
    option,
    `${option} takes a ${contract} (or an address, or options), not ${describeContract(value)}.`,
  );
}

function checkMore(options: unknown, option: string): Record<string, unknown> {
  return options === undefined
    ? {}
    : checkPlainObject(options, option, "an object of options of the store's constructor");
}

function checkUrl(url: unknown, option: string): string | null | undefined {
  if (url === undefined || url === null || typeof url === 'string') return url;
  throw new ConfigError(option, `${option} must be a text such as "redis://localhost:6379/0", or null for memory.`);
}

/** An absent option and one that is undefined mean the same. */
function defined(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
