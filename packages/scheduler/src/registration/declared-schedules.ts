import {
  ArgumentError,
  type BaseSchedulerBackend,
  checkName,
  checkOptions,
  errorAt,
  type ScheduleChange,
  type ScheduledTask,
} from '@flowrra/core';
import { upcomingSlots } from '../upcoming-slots.js';
import { changeUntilCurrent, type IntendedChanges } from './change-until-current.js';
import type { DefinedSchedule } from './check-definition.js';
import { type ChangedField, changedFields, changedSchedule, newSchedule } from './schedule-changes.js';
import type { ScheduleDefinition } from './schedule-definition.js';
import { ScheduleOwnedError } from './schedule-owned-error.js';

export interface PlanOptions {
  /** Whose declaration the list is: schedules of others, and those without an owner, are neither seen nor touched. */
  readonly owner: string;
  /** Whether schedules of the owner that are not in the list are removed; default false. */
  readonly prune?: boolean | undefined;
}

/** A schedule and its next three slots. */
export interface PlannedSchedule {
  readonly schedule: ScheduledTask;
  readonly next: readonly Date[];
}

/** A stored schedule that is not as it is declared, and its next three slots before and after. */
export interface PlannedChange {
  readonly before: ScheduledTask;
  readonly after: ScheduledTask;
  /** What differs; `error`: it could not fire, and is tried again. */
  readonly fields: readonly ChangedField[];
  readonly nextBefore: readonly Date[];
  readonly nextAfter: readonly Date[];
}

/** What bringing a list of declared schedules into the store means. */
export interface SchedulePlan {
  readonly created: readonly PlannedSchedule[];
  readonly changed: readonly PlannedChange[];
  /** Only with `prune`. */
  readonly removed: readonly PlannedSchedule[];
  readonly unchanged: readonly ScheduledTask[];
  /** Schedules of the owner that are not in the list any more, and stay, because `prune` was not asked for. */
  readonly undeclared: readonly ScheduledTask[];
}

const SLOTS_SHOWN = 3;
/** Schedules that are read one by one, all at once; of more, one look at all schedules costs less. */
const MOST_SINGLE_READS = 100;

/** @throws ArgumentError, ConfigError */
export function checkPlanOptions(options: unknown): { owner: string; prune: boolean } {
  const { owner, prune = false } = checkOptions<{ owner?: unknown; prune?: unknown }>(options, '', ['owner', 'prune']);
  if (typeof prune !== 'boolean') throw new ArgumentError('prune', 'prune must be true or false.');
  return { owner: checkName(owner, 'owner'), prune };
}

/**
 * Checks a list of declarations as a whole.
 * @param check checks one of them
 * @throws ArgumentError when two have the same id, or one names another owner; what `check` throws, saying which it was
 */
export async function checkDeclarations(
  definitions: readonly ScheduleDefinition[],
  owner: string,
  check: (definition: ScheduleDefinition) => Promise<DefinedSchedule>,
): Promise<Map<string, DefinedSchedule>> {
  if (!Array.isArray(definitions)) throw new ArgumentError('definitions', 'definitions must be an array of schedules.');
  const declared = new Map<string, DefinedSchedule>();
  for (const [index, definition] of definitions.entries()) {
    const one = await check(definition).catch((err: unknown) => {
      throw errorAt(`definitions[${index}]`, err);
    });
    if (one.owner !== null && one.owner !== owner)
      throw new ArgumentError('owner', `definitions[${index}] names the owner "${one.owner}", the list "${owner}".`);
    if (declared.has(one.id))
      throw new ArgumentError(
        'definitions',
        `definitions[${index}] is the second one with the id "${one.id}". Give each schedule an id of its own.`,
      );
    declared.set(one.id, { ...one, owner });
  }
  return declared;
}

/** What would be written. @throws ScheduleOwnedError when one of the ids belongs to somebody else */
export async function planSchedules(
  backend: BaseSchedulerBackend,
  declared: ReadonlyMap<string, DefinedSchedule>,
  options: { owner: string; prune: boolean },
): Promise<SchedulePlan> {
  return (await intend(backend, declared, options)).result;
}

/** Writes it, all or nothing. @returns what was written @throws ScheduleOwnedError, StoreUnavailableError */
export function applySchedules(
  backend: BaseSchedulerBackend,
  declared: ReadonlyMap<string, DefinedSchedule>,
  options: { owner: string; prune: boolean },
): Promise<SchedulePlan> {
  return changeUntilCurrent(backend, `One of the schedules of "${options.owner}"`, () =>
    intend(backend, declared, options),
  );
}

async function intend(
  backend: BaseSchedulerBackend,
  declared: ReadonlyMap<string, DefinedSchedule>,
  { owner, prune }: { owner: string; prune: boolean },
): Promise<IntendedChanges<SchedulePlan>> {
  const stored = await readStored(backend, declared, owner);
  const { now } = await backend.dueTimes();
  const next = (schedule: ScheduledTask) => nextSlots(schedule, now);

  const created: PlannedSchedule[] = [];
  const changed: PlannedChange[] = [];
  const unchanged: ScheduledTask[] = [];
  for (const defined of declared.values()) {
    const before = stored.get(defined.id);
    const fields = before ? changedFields(before, defined) : [];
    if (!before) {
      const schedule = newSchedule(defined, now);
      created.push({ schedule, next: next(schedule) });
    } else if (fields.length === 0) unchanged.push(before);
    else {
      const after = changedSchedule(before, defined, now);
      changed.push({ before, after, fields, nextBefore: next(before), nextAfter: next(after) });
    }
  }
  const surplus = [...stored.values()].filter(({ id }) => !declared.has(id));
  const removed = prune ? surplus.map((schedule) => ({ schedule, next: next(schedule) })) : [];
  const changes: ScheduleChange[] = [
    ...created.map(({ schedule }) => ({ before: null, after: schedule })),
    ...changed.map(({ before, after }) => ({ before, after })),
    ...removed.map(({ schedule }) => ({ before: schedule, after: null })),
  ];
  return { changes, result: { created, changed, removed, unchanged, undeclared: prune ? [] : surplus } };
}

/** A stored schedule may be broken: then it has none, and its declaration, which was checked, mends it. */
function nextSlots(schedule: ScheduledTask, now: Date): Date[] {
  try {
    return upcomingSlots(schedule, now, SLOTS_SHOWN);
  } catch (err) {
    if (err instanceof ArgumentError) return [];
    throw err;
  }
}

/** The schedules of the owner, by id. @throws ScheduleOwnedError when one of the declared ids belongs to somebody else */
async function readStored(
  backend: BaseSchedulerBackend,
  declared: ReadonlyMap<string, DefinedSchedule>,
  owner: string,
): Promise<Map<string, ScheduledTask>> {
  const stored = new Map((await backend.listMatching({ owner })).map((schedule) => [schedule.id, schedule]));
  const others = [...declared.keys()].filter((id) => !stored.has(id));
  for (const schedule of await readThese(backend, others)) {
    if (schedule.owner !== owner) throw new ScheduleOwnedError(schedule.id, schedule.owner);
    // The same declaration, which another process applied since the list was read.
    stored.set(schedule.id, schedule);
  }
  return stored;
}

/** Those of the ids that exist. */
async function readThese(backend: BaseSchedulerBackend, ids: readonly string[]): Promise<ScheduledTask[]> {
  if (ids.length <= MOST_SINGLE_READS)
    return (await Promise.all(ids.map((id) => backend.get(id)))).filter((schedule) => schedule !== null);
  const wanted = new Set(ids);
  return (await backend.listAll()).filter(({ id }) => wanted.has(id));
}
