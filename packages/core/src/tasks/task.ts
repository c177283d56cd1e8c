import type { StandardSchemaV1 } from '@standard-schema/spec';
import { DEFAULT_QUEUE } from '../config.js';
import { type Duration, parseDuration } from '../duration.js';
import { ArgumentError, ConfigError } from '../errors.js';
import { checkName } from '../names.js';
import { checkOptions } from '../options.js';
import { type RetryOptions, type RetryPolicy, resolveRetries } from './retry-policy.js';
import type { TaskHandle } from './task-handle.js';

/** The widest function type: every handler fits. */
export type AnyFunction = (...args: never[]) => unknown;

/**
 * The arguments of a handler; when it takes keyword arguments these are its last parameter, and left out here. None may
 * then be missing, whatever the handler says: the keyword arguments, which are always passed, would come in its place.
 */
export type ArgsOf<Fn extends AnyFunction, TakesKwargs extends boolean> = TakesKwargs extends true
  ? Required<Parameters<Fn>> extends [...infer Args, infer _Kwargs]
    ? Args
    : never
  : Parameters<Fn>;
/** The keyword arguments of a handler, required also where its parameter is not; undefined when it takes none. */
export type KwargsOf<Fn extends AnyFunction, TakesKwargs extends boolean> = TakesKwargs extends true
  ? Required<Parameters<Fn>> extends [...infer _Args, infer Kwargs]
    ? Kwargs
    : never
  : undefined;
export type ResultOf<Fn extends AnyFunction> = Awaited<ReturnType<Fn>>;

/** Schemas of any library that follows Standard Schema (zod, valibot, arktype, …). */
export interface TaskSchemas {
  /** Of the tuple of arguments. */
  readonly args?: StandardSchemaV1 | undefined;
  readonly kwargs?: StandardSchemaV1 | undefined;
  readonly result?: StandardSchemaV1 | undefined;
}

/** How a task is treated, wherever it is submitted. */
export interface TaskOptions {
  /** Default `default`. */
  readonly queue?: string | undefined;
  /** −100 … 100, lower runs first; default 0. */
  readonly priority?: number | undefined;
  /** Retries after the first attempt, or all of how they are done; default 3 with exponential backoff from 1 s. */
  readonly retries?: number | RetryOptions | undefined;
  /** How long one attempt may run; default: no limit. */
  readonly timeout?: Duration | undefined;
  readonly schema?: TaskSchemas | undefined;
}
/** The task takes keyword arguments: an object, always passed as the last parameter. */
export interface WithKwargs {
  readonly kwargs: true;
}
export interface WithoutKwargs {
  readonly kwargs?: false | undefined;
}

export type TaskKind = 'io' | 'cpu';
/** Options of `defineTask`. */
export interface ContractOptions extends TaskOptions {
  /** `io` (default) runs on the event loop, `cpu` in a thread. */
  readonly kind?: TaskKind | undefined;
}

declare const SIGNATURE: unique symbol;

/** What submitters and workers agree on: a name, a policy and types. Needs no app, so that both sides can import it. */
export interface TaskContract<
  Args extends readonly unknown[] = readonly unknown[],
  Result = unknown,
  Kwargs = unknown,
> {
  readonly name: string;
  readonly kind: TaskKind;
  readonly queue: string;
  readonly priority: number;
  readonly retries: RetryPolicy;
  /** Milliseconds; null: no limit. */
  readonly timeout: number | null;
  readonly takesKwargs: boolean;
  readonly schema: TaskSchemas;
  /** Exists for the compiler only. */
  readonly [SIGNATURE]?: { readonly args: Args; readonly result: Result; readonly kwargs: Kwargs };
}

/** Whether it is what `app.task` or `defineTask` returned; by its parts, because another copy of core may have made it. */
export function isTaskContract(value: unknown): value is TaskContract {
  if (!isObject(value)) return false;
  const { name, kind, queue, priority, retries, timeout, takesKwargs, schema } = value as Partial<TaskContract>;
  return (
    typeof name === 'string' &&
    (kind === 'io' || kind === 'cpu') &&
    typeof queue === 'string' &&
    typeof priority === 'number' &&
    isObject(retries) &&
    (timeout === null || typeof timeout === 'number') &&
    typeof takesKwargs === 'boolean' &&
    isObject(schema)
  );
}

/** What can be said about one call. */
export interface CallOptions {
  readonly queue?: string | undefined;
  /** −100 … 100, lower runs first. */
  readonly priority?: number | undefined;
  /** Not before this time from now; not together with `runAt`. */
  readonly delay?: Duration | undefined;
  readonly runAt?: Date | undefined;
  /** The task's id. Submitting a known id changes nothing and says so: `handle.known`. */
  readonly id?: string | undefined;
  /** The task fails as expired if it has not been started by then: a span from now, or a point in time; after its start. */
  readonly expires?: Duration | Date | undefined;
  readonly timeout?: Duration | undefined;
  readonly retries?: number | RetryOptions | undefined;
}
/** Options of one call; the keyword arguments are among them when the task takes some. */
export type SubmitOptions<Kwargs = undefined> = [Kwargs] extends [undefined]
  ? CallOptions
  : CallOptions & { readonly kwargs: Kwargs };
/** The options as a parameter: needed when there are keyword arguments to pass. */
export type SubmitOptionsParameter<Kwargs> = [Kwargs] extends [undefined]
  ? [options?: SubmitOptions<Kwargs>]
  : [options: SubmitOptions<Kwargs>];

/** A task of an app: its contract, ready to be submitted. */
export interface Task<Args extends readonly unknown[], Result, Kwargs = undefined>
  extends TaskContract<Args, Result, Kwargs> {
  /**
   * Enqueues one call. Resolves when the store has it.
   * @throws ArgumentError, SerializationError, PayloadTooLargeError, SchemaError, QueueFullError, before anything is written
   * @throws StoreUnavailableError, IndeterminateSubmitError
   */
  submit(args: Readonly<Args>, ...options: SubmitOptionsParameter<Kwargs>): Promise<TaskHandle<Result>>;
  /**
   * Enqueues many calls in one go; handles come in the same order. Nothing is enqueued when one of them, as given, is
   * invalid. With submit middleware each then passes it and is enqueued on its own: a call that middleware refuses, or
   * makes invalid, rejects, but the others are enqueued.
   * @throws what `submit` throws; ArgumentError for an `id`, which the calls would share
   */
  submitMany(
    calls: readonly Readonly<Args>[],
    ...options: SubmitOptionsParameter<Kwargs>
  ): Promise<TaskHandle<Result>[]>;
  /** Submits and waits, without limit, for the result. Throws what `handle.result()` throws. */
  call(args: Readonly<Args>, ...options: SubmitOptionsParameter<Kwargs>): Promise<Result>;
  /** The handle of a task that was submitted elsewhere. */
  handle(id: string): TaskHandle<Result>;
}

export type TaskFor<Fn extends AnyFunction, TakesKwargs extends boolean> = Task<
  ArgsOf<Fn, TakesKwargs>,
  ResultOf<Fn>,
  KwargsOf<Fn, TakesKwargs>
>;
export type ContractFor<Fn extends AnyFunction, TakesKwargs extends boolean> = TaskContract<
  ArgsOf<Fn, TakesKwargs>,
  ResultOf<Fn>,
  KwargsOf<Fn, TakesKwargs>
>;

/**
 * Describes a task without its code: for submitters that do not run it. `app.implement(contract, handler)` gives it code.
 * The compiler knows its arguments by the type of its function; without one it takes none.
 * @throws ConfigError, ArgumentError for a bad name or option
 * @example
 * export const resize = defineTask<(path: string, width: number) => string>('resize', { queue: 'images' });
 */
export function defineTask<Fn extends AnyFunction>(
  name: string,
  options: ContractOptions & WithKwargs,
): ContractFor<Fn, true>;
export function defineTask<Fn extends AnyFunction>(
  name: string,
  options?: ContractOptions & WithoutKwargs,
): ContractFor<Fn, false>;
export function defineTask(
  name: string,
  options: ContractOptions & { kwargs?: boolean | undefined } = {},
): TaskContract {
  const given = checkOptions<ContractOptions & { kwargs?: boolean | undefined }>(
    options,
    `options of task "${checkName(name, 'task name')}"`,
    ['kind', 'queue', 'priority', 'retries', 'timeout', 'schema', 'kwargs'],
  );
  const { kind = 'io', queue = DEFAULT_QUEUE, priority = 0, kwargs = false, schema = {} } = given;
  if (kind !== 'io' && kind !== 'cpu') throw new ConfigError('kind', 'kind must be "io" or "cpu".');
  if (typeof kwargs !== 'boolean')
    throw new ConfigError('kwargs', 'kwargs must be true when the last parameter takes keyword arguments.');
  return {
    name,
    kind,
    queue: checkName(queue, 'queue'),
    priority: checkPriority(priority),
    retries: resolveRetries(given.retries),
    timeout: given.timeout === undefined ? null : parseDuration(given.timeout, 'timeout', { min: 1 }),
    takesKwargs: kwargs,
    schema: checkSchemas(schema),
  };
}

/** @throws ArgumentError unless it is an integer from −100 to 100 */
export function checkPriority(priority: unknown): number {
  if (typeof priority === 'number' && Number.isInteger(priority) && priority >= -100 && priority <= 100)
    return priority;
  throw new ArgumentError('priority', 'priority must be an integer from -100 to 100; lower runs first.');
}

function checkSchemas(schemas: unknown): TaskSchemas {
  const checked = checkOptions<TaskSchemas>(schemas, 'schema', ['args', 'kwargs', 'result']);
  for (const [part, schema] of Object.entries(checked))
    if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
      throw new ConfigError(
        `schema.${part}`,
        `schema.${part} must be a schema of a library that follows Standard Schema.`,
      );
  return checked;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
