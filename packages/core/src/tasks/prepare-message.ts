import type { Instant, NewMessage } from '../brokers/base-broker.js';
import { parseDuration } from '../duration.js';
import { ArgumentError } from '../errors.js';
import type { SubmitCall } from '../middleware.js';
import { checkName } from '../names.js';
import { checkOptions } from '../options.js';
import { checkSchema } from './check-schema.js';
import { encodeJson } from './codec.js';
import { resolveRetries } from './retry-policy.js';
import { type CallOptions, checkPriority } from './task.js';
import { encodeMessage } from './task-message.js';

/** What a message gets from the app that submits it. */
export interface MessageSource {
  readonly newTaskId: () => string;
  readonly origin: string;
  readonly maxPayloadBytes: number;
}

type Options = CallOptions & { readonly kwargs?: unknown; readonly retryOf?: string | undefined };
const OPTIONS = [
  'queue',
  'priority',
  'delay',
  'runAt',
  'id',
  'expires',
  'timeout',
  'retries',
  'kwargs',
  'retryOf',
] as const;

/**
 * Checks one call completely and makes the message of it; a promise only if a schema of the task is async.
 * @throws ArgumentError, ConfigError, SerializationError, PayloadTooLargeError, SchemaError
 */
export function prepareMessage(call: SubmitCall, source: MessageSource): NewMessage | Promise<NewMessage> {
  const { task, args } = call;
  const options = checkOptions<Options>(call.options, 'submit options', OPTIONS);
  if (!Array.isArray(args))
    throw new ArgumentError('args', `args of task "${task.name}" must be an array, with one item for each parameter.`);
  checkKwargs(task.name, task.takesKwargs, options.kwargs);
  if (!task.schema.args && !task.schema.kwargs) return encodeCall(call, options, source);
  const message = (): NewMessage => encodeCall(call, options, source);
  const kwargsCheck = () => checkSchema(task.schema.kwargs, options.kwargs, 'kwargs');
  // One after the other: a failed check must not leave another one behind that fails with nobody to hear it.
  const checked = checkSchema(task.schema.args, args, 'args');
  const bothChecked = checked instanceof Promise ? checked.then(kwargsCheck) : kwargsCheck();
  return bothChecked instanceof Promise ? bothChecked.then(message) : message();
}

function encodeCall({ task, args }: SubmitCall, options: Options, source: MessageSource): NewMessage {
  const { maxPayloadBytes } = source;
  return {
    id: options.id === undefined ? source.newTaskId() : checkName(options.id, 'id'),
    queue: options.queue === undefined ? task.queue : checkName(options.queue, 'queue'),
    lane: task.kind,
    priority: options.priority === undefined ? task.priority : checkPriority(options.priority),
    ...resolveTimes(options),
    remembered: options.id !== undefined,
    origin: source.origin,
    payload: encodeMessage({
      taskName: task.name,
      argsJson: encodeJson(args, 'args', maxPayloadBytes),
      kwargsJson: task.takesKwargs ? encodeJson(options.kwargs, 'kwargs', maxPayloadBytes) : null,
      retries: resolveRetries(options.retries, task.retries),
      timeout: options.timeout === undefined ? task.timeout : parseDuration(options.timeout, 'timeout', { min: 1 }),
      retryOf: options.retryOf === undefined ? null : checkName(options.retryOf, 'retryOf'),
    }),
  };
}

function checkKwargs(taskName: string, takesKwargs: boolean, kwargs: unknown): void {
  if (!takesKwargs && kwargs !== undefined) {
    throw new ArgumentError(
      'kwargs',
      `Task "${taskName}" takes no keyword arguments. Declare them with { kwargs: true }.`,
    );
  }
  if (takesKwargs && (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs))) {
    throw new ArgumentError(
      'kwargs',
      `Task "${taskName}" needs its keyword arguments: an object, as the option kwargs.`,
    );
  }
}

function resolveTimes(options: Options): Pick<NewMessage, 'runAt' | 'expiresAt'> {
  const [runAt, expiresAt] = [resolveRunAt(options), resolveExpiry(options.expires)];
  if (runAt && expiresAt && !isLater(expiresAt, runAt))
    throw new ArgumentError(
      'expires',
      'The task would expire before it may start: let it expire later, or start sooner.',
    );
  return { runAt, expiresAt };
}

/** False where it is certain: how a date and a duration lie depends on the clock of the store. */
function isLater(end: Instant, start: Instant): boolean {
  if ('at' in end) return !('at' in start) || end.at > start.at;
  return !('after' in start) || end.after > start.after;
}

function resolveRunAt({ delay, runAt }: Options): Instant | null {
  if (delay !== undefined && runAt !== undefined)
    throw new ArgumentError('runAt', 'Give either delay or runAt, not both.');
  if (delay !== undefined) return { after: parseDuration(delay, 'delay') };
  return runAt === undefined ? null : { at: toEpoch(runAt, 'runAt') };
}

function resolveExpiry(expires: Options['expires']): Instant | null {
  if (expires === undefined) return null;
  return expires instanceof Date
    ? { at: toEpoch(expires, 'expires') }
    : { after: parseDuration(expires, 'expires', { min: 1 }) };
}

function toEpoch(date: unknown, name: string): number {
  if (date instanceof Date && Number.isFinite(date.getTime())) return date.getTime();
  throw new ArgumentError(name, `${name} must be a valid Date.`);
}
