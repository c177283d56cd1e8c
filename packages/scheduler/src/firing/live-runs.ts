import type { BaseSchedulerBackend, ScheduledTask } from '@flowrra/core';
import type { BrokerGate } from './broker-gate.js';

/** Unsubmitted firings that are read at once; more than all nodes together have under way. */
const MOST_UNSUBMITTED = 10_000;

/**
 * Which of the schedules with overlap `skip` have a live last run: its firing is unsubmitted, or the broker holds its
 * task. Asked in this order: a task that is pushed in between is held by then. And after the schedules were read: the
 * last run of a row can be newer than anything that was known before.
 * @returns null when the broker does not answer
 */
export async function liveRuns(
  backend: BaseSchedulerBackend,
  gate: BrokerGate,
  schedules: Iterable<ScheduledTask>,
): Promise<Set<ScheduledTask> | null> {
  const lastTasks = new Map<string, ScheduledTask>();
  for (const schedule of schedules)
    if (schedule.overlap === 'skip' && schedule.lastTaskId !== null) lastTasks.set(schedule.lastTaskId, schedule);
  if (lastTasks.size === 0) return new Set();
  const unsubmitted = await backend.unsubmittedFirings({ olderThan: 0, limit: MOST_UNSUBMITTED });
  const unmarked = new Set(unsubmitted.map(({ firing }) => firing.id));
  const asked = [...lastTasks.keys()].filter((id) => !unmarked.has(id));
  const held = await gate.holds(asked);
  if (!held) return null;
  const live = new Set(asked.filter((_, i) => held[i]));
  return new Set([...lastTasks].filter(([id]) => unmarked.has(id) || live.has(id)).map(([, schedule]) => schedule));
}
