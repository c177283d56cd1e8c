import type { BaseSchedulerBackend, Firing, NewFiring, ScheduledTask, SlotDecision } from '@flowrra/core';
import { firingId } from '../schedule-identity.js';

/** An instant that some stores round or cut. */
export const INSTANT = new Date('2026-01-01T12:00:00.600Z');

/** A schedule with nothing in it that may be absent. */
export function schedule(id: string, fields: Partial<ScheduledTask> = {}): ScheduledTask {
  return {
    id,
    incarnation: `first-${id}`.slice(0, 128),
    revision: 1,
    taskName: 'reports.build',
    scheduleType: 'interval',
    schedule: '60000',
    args: [],
    kwargs: null,
    timeZone: 'UTC',
    enabled: true,
    lastRun: null,
    nextRun: null,
    lastTaskId: null,
    catchUp: 'latest',
    overlap: 'allow',
    jitter: 0,
    startAt: null,
    endAt: null,
    maxRuns: null,
    runCount: 0,
    queue: null,
    priority: null,
    retries: null,
    timeout: null,
    description: null,
    owner: null,
    error: null,
    createdAt: INSTANT,
    updatedAt: INSTANT,
    ...fields,
  };
}

/** A schedule of every minute that is due since 2026-01-01T12:00:00.600Z, for tests of what is peculiar to a store. */
export function sampleSchedule(id: string, fields: Partial<ScheduledTask> = {}): ScheduledTask {
  return schedule(id, { nextRun: INSTANT, ...fields });
}

/** A schedule with every field filled with what stores like to get wrong. */
export function fullSchedule(id: string): ScheduledTask {
  return {
    ...schedule(id),
    incarnation: 'V1StGXR8Z5jdHi6BmyTq0',
    taskName: 'reports.build:daily/eu@2',
    scheduleType: 'cron',
    schedule: '*/30 0-6,22 1,15 JAN-MAR MON#2',
    args: ['line\nbreak | "quoted" \\ ü 🚀 \u2028', 9007199254740991, -0.5, 1e21, 5e-324, true, null, [], {}],
    kwargs: { zeta: { b: [{ a: [[]] }], a: '' }, alpha: 0.1, '': ' ', '9007199254740993': '9007199254740993' },
    timeZone: 'America/Argentina/ComodRivadavia',
    enabled: false,
    lastRun: new Date('2026-03-29T01:59:59.999Z'),
    nextRun: new Date('9999-12-31T23:59:59.999Z'),
    lastTaskId: 'slot-0123456789abcdef',
    catchUp: { all: 7 },
    overlap: 'skip',
    jitter: 86_399_999,
    startAt: new Date('1969-12-31T23:59:59.999Z'),
    endAt: new Date('2038-01-19T03:14:08.001Z'),
    maxRuns: Number.MAX_SAFE_INTEGER,
    runCount: 2_147_483_648,
    queue: 'reports',
    priority: -100,
    retries: 0,
    timeout: 400 * 86_400_000,
    description: 'täglich 🚀 \'quoted\' \\ % _ "two"\n--;'.padEnd(1_000, 'ß'),
    owner: 'team-a',
    error: 'No task "reports.build" is registered here.\n→ register it',
    createdAt: new Date(0),
    updatedAt: new Date('2026-10-25T00:30:00.001Z'),
  };
}

/** Stores the schedules. @returns them as they are stored */
export async function stored(backend: BaseSchedulerBackend, ...tasks: ScheduledTask[]): Promise<ScheduledTask[]> {
  for (const task of tasks) await backend.create(task);
  return tasks.map((task) => ({ ...task, revision: 1 }));
}

export function ids(tasks: readonly { readonly id: string }[]): string[] {
  return tasks.map(({ id }) => id);
}

/** An instant some milliseconds from another one. */
export function later(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms);
}

/** A slot of the schedule that is to run. */
export function slotOf(task: ScheduledTask, slot: Date, fields: Partial<NewFiring> = {}): NewFiring {
  const kind = fields.kind ?? 'slot';
  const id = firingId(task.incarnation, slot, kind);
  return { id, slot, until: null, count: 1, kind, state: 'claimed', reason: null, ...fields };
}

/** That the schedule fires once, at the next run that was read, and again a minute later. */
export function decision(task: ScheduledTask, fields: Partial<SlotDecision> = {}): SlotDecision {
  return {
    scheduleId: task.id,
    incarnation: task.incarnation,
    revision: task.revision,
    dueAt: task.nextRun,
    nextRun: task.nextRun && later(task.nextRun, 60_000),
    error: null,
    firings: task.nextRun ? [slotOf(task, task.nextRun)] : [],
    ...fields,
  };
}

/** Claims slots of one schedule, whatever its next run; the schedule must be stored as it is given. */
export async function claimSlots(
  backend: BaseSchedulerBackend,
  task: ScheduledTask,
  ...slots: (Date | NewFiring)[]
): Promise<Firing[]> {
  const firings = slots.map((slot) => (slot instanceof Date ? slotOf(task, slot) : slot));
  return backend.claimDue([decision(task, { nextRun: task.nextRun, firings })], { node: 'node-1' });
}
