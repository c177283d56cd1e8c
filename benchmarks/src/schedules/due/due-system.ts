/** Where a system keeps its schedules and its jobs. */
export interface Stores {
  readonly redis: string;
  readonly postgres: string;
  /** A file that does not exist yet. */
  readonly sqlite: string;
}

/** Schedules of every day that are all due at one instant, a full second or minute. */
export interface Plan {
  readonly count: number;
  readonly due: Date;
}

/** A system that keeps schedules in a store, in a process of its own; each with its default settings. */
export interface DueSystem {
  /** Connects, and makes its tables. */
  open(): Promise<void>;
  /** Stores the schedules, in the fastest way that it offers. */
  create(plan: Plan): Promise<void>;
  /** Begins to serve them; goes on until the process ends. */
  start(): Promise<void>;
}

/** What every job carries. */
export function dataOf(number: number): { readonly number: number; readonly text: string } {
  return { number, text: TEXT };
}

const TEXT = 'x'.repeat(80);

/** The time of day as cron in UTC, with seconds. */
export function cronOf(due: Date): string {
  return `${due.getUTCSeconds()} ${minuteCronOf(due)}`;
}

export function minuteCronOf(due: Date): string {
  return `${due.getUTCMinutes()} ${due.getUTCHours()} * * *`;
}

/** Calls `work` for 0…count−1, with 500 under way at a time. */
export async function eachOf(count: number, work: (number: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 500 }, line));
}
