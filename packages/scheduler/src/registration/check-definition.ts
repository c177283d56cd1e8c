import {
  ArgumentError,
  type CatchUp,
  checkInteger,
  checkName,
  checkOptions,
  encodeJson,
  type Flowrra,
  type JsonObject,
  type JsonValue,
  parseDuration,
  type ScheduledTask,
  type SubmitCall,
} from '@flowrra/core';
import { MOST_CATCH_UP } from '../firing/decide-slots.js';
import { autoId } from '../schedule-identity.js';
import { checkTimeZone, scheduleTimes } from '../schedule-times.js';
import { checkTiming, checkWindow } from './check-timing.js';
import type { KnownTasks } from './known-tasks.js';
import type { ScheduleDefinition } from './schedule-definition.js';

/** What a definition says of the stored schedule: checked, in the store's words, with nothing left open. */
export type DefinedSchedule = Omit<
  ScheduledTask,
  'incarnation' | 'revision' | 'lastRun' | 'nextRun' | 'lastTaskId' | 'runCount' | 'error' | 'createdAt' | 'updatedAt'
>;

/** A definition before it is checked: of a caller whose types nobody checked. */
export type GivenDefinition = { readonly [option in DefinitionOption]?: unknown };
type DefinitionOption = ScheduleDefinition extends infer D ? (D extends unknown ? keyof D : never) : never;

const OPTIONS: readonly DefinitionOption[] = [
  'id',
  'task',
  'cron',
  'seconds',
  'every',
  'at',
  'args',
  'kwargs',
  'timeZone',
  'enabled',
  'catchUp',
  'overlap',
  'jitter',
  'startAt',
  'endAt',
  'maxRuns',
  'queue',
  'priority',
  'retries',
  'timeout',
  'description',
  'owner',
];
const DAY = 86_400_000;
const LONGEST_DESCRIPTION = 1_000;
/** Stores count in 32 bits. */
const MOST_RUNS = 2 ** 31 - 1;

/**
 * Checks all of a definition, without a look at the store.
 * @throws ConfigError for an unknown option; TaskNotFoundError; ArgumentError, SerializationError, PayloadTooLargeError,
 *   SchemaError for what it says
 */
export async function checkDefinition(
  definition: unknown,
  context: { app: Flowrra; tasks: KnownTasks },
): Promise<DefinedSchedule> {
  const given = checkOptions<GivenDefinition>(definition, 'schedule', OPTIONS);
  const contract = context.tasks.resolve(given.task);
  const call = checkCallOptions(given);
  const inputs = {
    args: copyJson(given.args === undefined ? [] : given.args, 'args'),
    kwargs: copyJson(given.kwargs, 'kwargs'),
  };
  const identity = {
    taskName: checkName(contract.name, 'task'),
    ...checkTiming(given),
    args: inputs.args as readonly JsonValue[],
    kwargs: contract.takesKwargs ? (inputs.kwargs as JsonObject) : null,
    timeZone: given.timeZone === undefined ? 'UTC' : checkTimeZone(given.timeZone),
  };
  const checked: DefinedSchedule = {
    id: given.id === undefined ? autoId(identity) : checkName(given.id, 'id'),
    ...identity,
    ...checkWindow(given, identity),
    ...call.fields,
    enabled: checkEnabled(given.enabled),
    catchUp: checkCatchUp(given.catchUp),
    overlap: checkOverlap(given.overlap),
    jitter: checkJitter(given.jitter, identity),
    maxRuns: given.maxRuns === undefined ? null : checkInteger(given.maxRuns, 'maxRuns', { min: 1, max: MOST_RUNS }),
    description: checkDescription(given.description),
    owner: given.owner === undefined ? null : checkName(given.owner, 'owner'),
  };
  checkHasSlot(checked);
  // Last, because it takes time in which the caller could change what was given; from here on only copies count.
  await context.app.checkCall(contract, identity.args, {
    ...call.options,
    kwargs: given.kwargs === undefined ? undefined : inputs.kwargs,
  });
  context.tasks.remember(contract);
  return checked;
}

/**
 * The definition that a one-line form means: what says when it is due, even if it was left out, and options for the rest.
 * @throws ConfigError for options that are none, or say once more what the form says
 */
export function definitionOf(
  timing: { readonly kind: 'cron' | 'every' | 'at'; readonly value: unknown },
  task: unknown,
  options: unknown,
): GivenDefinition {
  const { kind, value = null } = timing;
  const said = new Set<DefinitionOption>([
    'task',
    'cron',
    'every',
    'at',
    ...(kind === 'cron' ? [] : (['seconds'] as const)),
  ]);
  const known = OPTIONS.filter((option) => !said.has(option));
  const given = checkOptions<GivenDefinition>(options === undefined ? {} : options, '', known);
  return { ...given, task, [kind]: value };
}

/** What a schedule says of its tasks: as `app.submit` takes it, and as it is stored. */
function checkCallOptions({ queue, priority, retries, timeout }: GivenDefinition) {
  if (retries !== undefined && typeof retries !== 'number')
    throw new ArgumentError(
      'retries',
      'retries of a schedule must be a number of retries; how they are done is said where the task is defined.',
    );
  const milliseconds = timeout === undefined ? undefined : parseDuration(timeout, 'timeout', { min: 1 });
  // What has another type than it should is refused by app.checkCall, before any of it is stored.
  const options = { queue, priority, retries, timeout: milliseconds } as SubmitCall['options'];
  const fields = {
    queue: options.queue ?? null,
    priority: plainZero(options.priority ?? null),
    retries: plainZero(retries ?? null),
    timeout: milliseconds ?? null,
  };
  return { options, fields };
}

function checkEnabled(enabled: unknown): boolean {
  if (enabled === undefined) return true;
  if (typeof enabled === 'boolean') return enabled;
  throw new ArgumentError('enabled', 'enabled must be true or false.');
}

function checkCatchUp(catchUp: unknown): CatchUp {
  if (catchUp === undefined) return 'latest';
  if (catchUp === 'latest' || catchUp === 'skip') return catchUp;
  if (typeof catchUp !== 'object')
    throw new ArgumentError('catchUp', 'catchUp must be "latest", "skip", or { all: n } for the newest n.');
  const { all } = checkOptions<{ all?: unknown }>(catchUp, 'catchUp', ['all']);
  return { all: checkInteger(all, 'catchUp.all', { min: 1, max: MOST_CATCH_UP }) };
}

function checkOverlap(overlap: unknown): ScheduledTask['overlap'] {
  if (overlap === undefined) return 'allow';
  if (overlap === 'allow' || overlap === 'skip') return overlap;
  throw new ArgumentError('overlap', 'overlap must be "allow" or "skip".');
}

function checkJitter(
  jitter: unknown,
  { scheduleType, schedule }: Pick<ScheduledTask, 'scheduleType' | 'schedule'>,
): number {
  if (jitter === undefined) return 0;
  const milliseconds = parseDuration(jitter, 'jitter', { max: DAY - 1 });
  if (scheduleType === 'interval' && milliseconds >= Number(schedule))
    throw new ArgumentError('jitter', `jitter must be shorter than the interval of ${schedule} ms.`);
  return plainZero(milliseconds);
}

/** Databases know no -0: what is stored would differ from the definition for ever. */
function plainZero<T extends number | null>(value: T): T | 0 {
  return value === 0 ? 0 : value;
}

/** What no store could keep is refused alike for all: by the rules for arguments. */
function checkDescription(description: unknown): string | null {
  if (description === undefined) return null;
  if (typeof description !== 'string' || description.length > LONGEST_DESCRIPTION)
    throw new ArgumentError('description', `description must be a text of at most ${LONGEST_DESCRIPTION} characters.`);
  encodeJson(description, 'description');
  return description;
}

/** Does not ask what time it is: a definition must not turn bad by growing old. */
function checkHasSlot(schedule: DefinedSchedule): void {
  const { startAt, endAt } = schedule;
  if (!startAt || scheduleTimes({ ...schedule, createdAt: startAt }).next(startAt.getTime() - 1) !== null) return;
  const range = `from ${startAt.toISOString()} ${endAt ? `to ${endAt.toISOString()}` : 'on'}`;
  throw new ArgumentError(endAt ? 'endAt' : 'startAt', `The schedule would never run: it has no slot ${range}.`);
}

/** A copy of what JSON can carry; null for undefined. @throws SerializationError, PayloadTooLargeError */
function copyJson(value: unknown, path: string): unknown {
  return JSON.parse(encodeJson(value, path));
}
