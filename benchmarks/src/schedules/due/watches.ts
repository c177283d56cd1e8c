import { Flowrra } from '@flowrra/core';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Stores } from './due-system.js';
import type { DueSystemName } from './systems.js';

/** How far a system is with the slots of one instant. */
export interface Progress {
  /** Slots whose job a worker could take, or has taken. */
  readonly enqueued: number;
  /** Those of them whose schedule stands at the next slot. */
  readonly served: number;
}

/** Looks at the store from outside, by one or two short commands or statements. */
export interface Watch {
  progress(due: Date): Promise<Progress>;
  close(): Promise<void>;
}

export const WATCHES: Readonly<Record<DueSystemName, (stores: Stores, count: number) => Promise<Watch>>> = {
  Flowrra: watchFlowrra,
  'Flowrra on SQLite': watchFlowrra,
  BullMQ: watchBullmq,
  Agenda: (stores) =>
    watchPostgres(stores, 'select count(*)::int as n from agenda_jobs where last_run_at >= $1::timestamptz'),
  // Its due schedules become jobs of this queue, whose work it is to enqueue the others. Instead of 1,000 tables one is read.
  'pg-boss': (stores) =>
    watchPostgres(
      stores,
      `select count(*)::int as n from pgboss.job
        where name = '__pgboss__send-it' and state = 'completed' and completed_on >= $1::timestamptz`,
    ),
  'graphile-worker': (stores) =>
    watchPostgres(
      stores,
      'select count(*)::int as n from graphile_worker._private_jobs where run_at >= $1::timestamptz',
    ),
};

/** A schedule is advanced before its task is pushed. */
async function watchFlowrra({ redis }: Stores): Promise<Watch> {
  const app = new Flowrra({ url: redis });
  return {
    async progress() {
      const { waiting } = await app.queueSize('default');
      return { enqueued: waiting, served: waiting };
    },
    close: () => app.stop(),
  };
}

/** The job of the next slot is there from the beginning, delayed; the one after it is planned when a worker takes it. */
async function watchBullmq({ redis: url }: Stores, count: number): Promise<Watch> {
  const redis = new Redis(url);
  return {
    async progress(due) {
      const after = due.getTime() + 1;
      const [delayed, served] = await Promise.all([
        // Its scores are instants times 4,096.
        redis.zcount('bull:ticks:delayed', '-inf', after * 4_096),
        redis.zcount('bull:ticks:repeat', after, '+inf'),
      ]);
      return { enqueued: count - delayed, served };
    },
    close: async () => void (await redis.quit()),
  };
}

/** @param statement counts slots that are enqueued: none has a next slot to stand at, or it stands there already */
async function watchPostgres({ postgres }: Stores, statement: string): Promise<Watch> {
  const client = new pg.Client(postgres);
  await client.connect();
  return {
    async progress(due) {
      const { rows } = await client.query<{ n: number }>(statement, [due.toISOString()]);
      const enqueued = rows[0]?.n ?? 0;
      return { enqueued, served: enqueued };
    },
    close: () => client.end(),
  };
}
