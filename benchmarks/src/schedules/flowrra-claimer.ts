import { createHash } from 'node:crypto';
import type { ScheduledTask, SlotDecision } from '@flowrra/core';
import { getSchedulerBackend } from '@flowrra/scheduler';
import { dropTables, SqlSchedulerBackend } from '@flowrra/scheduler/sql';
import { BATCH, type Claimer } from './claimer.js';
import { dailySchedule } from './daily-schedule.js';

const DAY = 86_400_000;
const STORED_AT_ONCE = 1_000;

/** What a scheduler node does: reads without locks, decides, and claims. */
export async function openFlowrraClaimer(url: string): Promise<Claimer> {
  const backend = await getSchedulerBackend(url);
  const due = new Date();
  return {
    async fill(count) {
      for (let from = 0; from < count; from += STORED_AT_ONCE) {
        const size = Math.min(STORED_AT_ONCE, count - from);
        const changes = Array.from({ length: size }, (_, i) => ({
          before: null,
          after: dailySchedule(from + i, due),
        }));
        if (!(await backend.applyChanges(changes))) throw new Error('The database was not empty.');
      }
    },
    async readDue() {
      const { schedules } = await backend.readDue({ limit: BATCH });
      const decisions = schedules.map((schedule) => decide(schedule, due));
      return async () => (await backend.claimDue(decisions, { node: 'bench' })).length;
    },
    countDue: async () => (await backend.readDue({ limit: 1 })).schedules.length,
    async close() {
      if (backend instanceof SqlSchedulerBackend) await dropTables(backend);
      await backend.close();
    },
  };
}

function decide({ id, incarnation, revision }: ScheduledTask, due: Date): SlotDecision {
  const firing = `slot-${createHash('sha256').update(`${incarnation} ${due.getTime()}`).digest('hex').slice(0, 32)}`;
  return {
    scheduleId: id,
    incarnation,
    revision,
    dueAt: due,
    nextRun: new Date(due.getTime() + DAY),
    error: null,
    firings: [{ id: firing, slot: due, until: null, count: 1, kind: 'slot', state: 'claimed', reason: null }],
  };
}
