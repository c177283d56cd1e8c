import { hostname } from 'node:os';
import {
  type BaseSchedulerBackend,
  ConfigError,
  checkDuration,
  checkInteger,
  checkName,
  checkOptions,
  type Duration,
  implementsContract,
  type TaskContract,
} from '@flowrra/core';
import { customAlphabet } from 'nanoid';
import type { Retention } from './firing/ledger-retention.js';

/** Options of a scheduler. Durations: milliseconds, or a text such as `7d`. */
export interface SchedulerOptions {
  /**
   * Where schedules are stored: an address for `getSchedulerBackend`, alone or with options such as `tablePrefix`; or a
   * backend, which stays the user's to close. Default null: the SQLite file `.flowrra_schedule.db` in the working folder.
   */
  readonly backend?: BaseSchedulerBackend | SchedulerBackendConfig | string | null | undefined;
  /** Contracts of tasks whose code is elsewhere, so that this process can enqueue them. */
  readonly tasks?: readonly TaskContract[] | undefined;
  /** Names this process in the ledger; default made of host and process id. */
  readonly node?: string | undefined;
  /** How much of the history is kept: default 30 days, and the newest 1,000 firings of each schedule. */
  readonly retention?: { readonly age?: Duration | undefined; readonly count?: number | undefined } | undefined;
}

/** A store by its address, with options. */
export interface SchedulerBackendConfig {
  /** Default null: the SQLite file. */
  readonly url?: string | null | undefined;
  /** For the backend's constructor, as in `{ tablePrefix: 'billing_' }`. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** A backend that was passed in, or an address with options. */
export interface BackendChoice {
  readonly target: BaseSchedulerBackend | string | null;
  readonly options: Record<string, unknown>;
}

/** The options with nothing left open. */
export interface ResolvedSchedulerOptions {
  readonly backend: BackendChoice;
  readonly tasks: readonly TaskContract[];
  readonly node: string;
  readonly retention: Retention;
}

const DEFAULT_RETENTION = { age: '30d', count: 1_000 } as const;
const MOST_KEPT = 1_000_000;
const newNodeTag = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 8);

/** @throws ConfigError, ArgumentError naming the option */
export function resolveSchedulerOptions(options: SchedulerOptions): ResolvedSchedulerOptions {
  if (implementsContract(options, 'scheduler-backend@1'))
    throw new ConfigError('backend', 'Pass the backend as an option: new Scheduler(app, { backend }).');
  const { backend, tasks, node, retention } = checkOptions<SchedulerOptions>(options, '', [
    'backend',
    'tasks',
    'node',
    'retention',
  ]);
  const { age = DEFAULT_RETENTION.age, count = DEFAULT_RETENTION.count } = checkOptions<
    NonNullable<SchedulerOptions['retention']>
  >(retention ?? {}, 'retention', ['age', 'count']);
  return {
    backend: chooseBackend(backend ?? null),
    tasks: tasks ?? [],
    node: node === undefined ? `${hostname()}-${process.pid}-${newNodeTag()}` : checkName(node, 'node'),
    retention: {
      age: checkDuration(age, 'retention.age', { min: 1 }),
      count: checkInteger(count, 'retention.count', { min: 1, max: MOST_KEPT }),
    },
  };
}

function chooseBackend(backend: unknown): BackendChoice {
  if (backend === null || typeof backend === 'string') return { target: backend, options: {} };
  if (implementsContract(backend, 'scheduler-backend@1'))
    return { target: backend as BaseSchedulerBackend, options: {} };
  // An object without options of its own would mean the default file: a promise that was not awaited, a URL.
  if (typeof backend !== 'object' || !isPlain(backend)) {
    const hint = backend instanceof Promise ? ' Await the promise: await getSchedulerBackend(…).' : '';
    throw new ConfigError('backend', `backend must be an address, { url, options }, or a scheduler backend.${hint}`);
  }
  const { url = null, options = {} } = checkOptions<SchedulerBackendConfig>(backend, 'backend', ['url', 'options']);
  if (url !== null && typeof url !== 'string') throw new ConfigError('backend.url', 'backend.url must be a text.');
  if (typeof options !== 'object' || options === null)
    throw new ConfigError('backend.options', 'backend.options must be an object.');
  return { target: url, options: { ...options } };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
