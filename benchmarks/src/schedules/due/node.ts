// A node process: stores the schedules of one system and serves them, until it is ended.
import type { Stores } from './due-system.js';
import { DUE_SYSTEMS, type DueSystemName } from './systems.js';

/** What the process says, once everything runs. */
export interface Started {
  /** Seconds that storing the schedules took. */
  readonly creating: number;
}

const [, , name, stores, count, due] = process.argv;
const system = await DUE_SYSTEMS[name as DueSystemName](JSON.parse(stores as string) as Stores);
await system.open();
const begin = performance.now();
await system.create({ count: Number(count), due: new Date(Number(due)) });
const creating = (performance.now() - begin) / 1_000;
await system.start();
process.send?.({ creating } satisfies Started);
