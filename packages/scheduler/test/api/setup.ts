import { defineTask, type Firing, type NewFiring, type ScheduledTask } from '@flowrra/core';
import { createTestApp } from '@flowrra/core/testing';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';
import { firingId } from '../../src/schedule-identity.js';
import { Scheduler } from '../../src/scheduler.js';
import type { SchedulerOptions } from '../../src/scheduler-options.js';

/** Where the manual clock stands at first. */
export const START = new Date('2026-01-01T00:00:00Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const after = (ms: number) => new Date(START.getTime() + ms);

/** An app on a manual clock with three tasks, and a scheduler on a backend in memory. */
export function setup(options: SchedulerOptions = {}) {
  const { app, clock } = createTestApp();
  const backend = new InMemorySchedulerBackend();
  const scheduler = new Scheduler(app, { backend, ...options });
  const tick = app.task('tick', () => {});
  const report = app.task('report', (_what: string, _depth?: number) => {});
  const mail = app.task('mail', { kwargs: true }, (_to: string, _kw: { subject: string; cc?: string }) => {});
  const elsewhere = defineTask<(n: number) => void>('elsewhere');
  return { app, clock, backend, scheduler, tick, report, mail, elsewhere };
}

/** What is in the store, whatever the scheduler says. */
export async function stored(backend: InMemorySchedulerBackend, id: string): Promise<ScheduledTask> {
  const schedule = await backend.get(id);
  if (schedule) return schedule;
  throw new Error(`${id} is not stored`);
}

export function slotFiring(schedule: ScheduledTask, slot: Date, changes: Partial<NewFiring> = {}): NewFiring {
  const { kind = 'slot' } = changes;
  return {
    id: firingId(schedule.incarnation, slot, kind),
    slot,
    until: null,
    count: 1,
    kind,
    state: 'claimed',
    reason: null,
    ...changes,
  };
}

/** Puts firings into the ledger as a node would. */
export async function claim(
  backend: InMemorySchedulerBackend,
  id: string,
  { nextRun, firings }: { nextRun: Date | null; firings: (schedule: ScheduledTask) => NewFiring[] },
): Promise<Firing[]> {
  const schedule = await stored(backend, id);
  const { incarnation, revision, nextRun: dueAt, error } = schedule;
  return backend.claimDue(
    [{ scheduleId: id, incarnation, revision, dueAt, nextRun, error, firings: firings(schedule) }],
    { node: 'node-1' },
  );
}
