import type { Bench, Contestant, Part } from '../measuring/bench.js';
import { once } from '../measuring/once.js';
import { type DueFigures, type DueOptions, measureDue } from '../schedules/due/measure-due.js';
import type { DueSystemName } from '../schedules/due/systems.js';

/** Seen from a store, pg-boss enqueues 50 jobs a second; see `openPgBoss` for what 10,000 of its schedules would be. */
const PG_BOSS_SHARE = 0.1;
const PEERS = ['BullMQ', 'Agenda', 'pg-boss', 'graphile-worker'] as const satisfies readonly DueSystemName[];
const CAP = 12_000;

export const due: Part = {
  name: 'due',
  about:
    'Schedules that are all due in the same second, and one node in a process of its own. Who is not done 12 s later gets 12 s. BullMQ keeps the job of the next slot from the beginning, so that giving it to a worker takes little; the schedule is advanced by the worker that takes it. pg-boss has a tenth of the schedules, as each takes a table. BullMQ and Flowrra on PostgreSQL take part in every repetition, the others in one.',
  async measure(bench) {
    const count = bench.amount(10_000, 500);
    const goals = PEERS.map((against) => ({ against, atMost: 0.25 }));
    const number = count.toLocaleString('en-US');
    await bench.compete<keyof DueFigures>({
      rows: {
        creating: {
          title: `creating ${number} schedules`,
          unit: 's',
          goals: [{ against: 'BullMQ', atMost: 1 }],
        },
        enqueued: { title: `${number} due at once, until all are enqueued`, unit: 's', goals: [] },
        served: { title: `${number} due at once, until all are enqueued and have their next slot`, unit: 's', goals },
        p99: { title: `${number} due at once, p99 of the same`, unit: 's', goals },
      },
      contestants: contestantsOf(bench, count),
    });
  },
};

function contestantsOf(bench: Bench, count: number): Contestant<keyof DueFigures>[] {
  const common: DueOptions = { count, lead: bench.amount(5_000, 3_000), granularity: 1_000, cap: CAP };
  const often = (system: DueSystemName) => ({ system, measure: () => measureDue(system, common) });
  const sqlite = { system: 'Flowrra on SQLite', measure: once(() => measureDue('Flowrra on SQLite', common)) };
  const agenda = atOnceOnly('Agenda', { ...common, lead: bench.amount(15_000, 3_000) });
  // They know full minutes only, for which the quick form does not wait.
  const atMinutes = { ...common, granularity: 60_000 };
  const pgBoss = atOnceOnly('pg-boss', { ...atMinutes, lead: 30_000, count: count * PG_BOSS_SHARE });
  const graphileWorker = atOnceOnly('graphile-worker', atMinutes);
  return [often('Flowrra'), often('BullMQ'), sqlite, agenda, ...(bench.quick ? [] : [pgBoss, graphileWorker])];
}

/** Far behind, and slow to measure: once is enough. How it creates schedules does not compare. */
function atOnceOnly(system: DueSystemName, options: DueOptions): Contestant<keyof DueFigures> {
  return {
    system,
    measure: once(async () => {
      const { creating: _, ...figures } = await measureDue(system, options);
      return figures;
    }),
  };
}
