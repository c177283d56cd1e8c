import { type BaseSchedulerBackend, type Flowrra, isFinal, type ScheduledTask } from '@flowrra/core';
import type { BrokerGate } from './broker-gate.js';
import type { TaskQueues } from './task-queues.js';

/** Unsubmitted firings that are read at once; more than all nodes together have under way. */
const MOST_UNSUBMITTED = 10_000;

export interface LiveRunsParts {
  readonly app: Flowrra;
  readonly gate: BrokerGate;
  readonly queues: TaskQueues;
}

/**
 * Which of the schedules with overlap `skip` have a live last run: its firing is unsubmitted, or the broker holds its
 * task, and not as a dead letter. Asked in this order: a task that is pushed in between is held by then. And after the
 * schedules were read: the last run of a row can be newer than anything that was known before.
 * @returns null when the broker does not answer
 */
export async function liveRuns(
  parts: LiveRunsParts,
  backend: BaseSchedulerBackend,
  schedules: Iterable<ScheduledTask>,
): Promise<Set<ScheduledTask> | null> {
  const lastTasks = new Map<string, ScheduledTask>();
  for (const schedule of schedules)
    if (schedule.overlap === 'skip' && schedule.lastTaskId !== null) lastTasks.set(schedule.lastTaskId, schedule);
  if (lastTasks.size === 0) return new Set();
  const unsubmitted = await backend.unsubmittedFirings({ olderThan: 0, limit: MOST_UNSUBMITTED });
  const unmarked = new Set(unsubmitted.map(({ firing }) => firing.id));
  const asked = [...lastTasks].filter(([id]) => !unmarked.has(id));
  const answers = await parts.gate.holds(asked.map(([id]) => id));
  if (!answers) return null;
  const held = asked.filter((_, i) => answers[i]);
  const over = await Promise.all(held.map(([id, schedule]) => hasEnded(parts, id, schedule)));
  const live = new Set(held.filter((_, i) => !over[i]).map(([id]) => id));
  return new Set([...lastTasks].filter(([id]) => unmarked.has(id) || live.has(id)).map(([, schedule]) => schedule));
}

/** Whether a task that the broker holds is a dead letter, which nobody runs: it must not silence its schedule for ever. */
async function hasEnded({ app, queues }: LiveRunsParts, taskId: string, schedule: ScheduledTask): Promise<boolean> {
  try {
    const record = await app.get(taskId);
    if (record) return isFinal(record.status);
    // A dead letter outlives its record, whose time to live begins at the end; but a live one's may not be written yet.
    const queue = queues.of(schedule);
    return queue !== undefined && (await app.queueSize(queue)).dead > 0;
  } catch (err) {
    // Runs must not overlap, so what cannot be asked about counts as live: the next slot asks again.
    app.logger.warn(
      { err, schedule: schedule.id, task: taskId },
      'a last run counts as live: its record cannot be read',
    );
    return false;
  }
}
