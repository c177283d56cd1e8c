// Computes slots with one system, for each case some time long, and reports how many a second.
import { report } from '../../measuring/child.js';
import { CRON_CASES, type CronCase, SLOTS, STARTS } from './cron-cases.js';
import { CRON_SYSTEMS, type CronSystemName, type NextSlots } from './cron-systems.js';

/** Both in the order of the cases. */
export interface ComputedSlots {
  readonly rates: readonly number[];
  /** Of the first start and the last. */
  readonly slots: readonly (readonly number[])[];
}

/** Milliseconds between two starts of the same month. */
const SHIFT = 7 * 60_000;

const [, , name, milliseconds] = process.argv;
const open: (one: CronCase) => NextSlots = await CRON_SYSTEMS[name as CronSystemName]();
const systems = CRON_CASES.map(open);

const slots: number[][] = [];
for (const next of systems) {
  // Also a warm-up, of all cases before the first is measured.
  slots.push([...(await next(STARTS[0] as number, SLOTS)), ...(await next(STARTS.at(-1) as number, SLOTS))]);
}
const rates: number[] = [];
for (const next of systems) rates.push(await rateOf(next, Number(milliseconds)));
report({ rates, slots } satisfies ComputedSlots);

/** Slots a second, from one start after the other; none comes twice, so that no answer can be remembered. */
async function rateOf(next: NextSlots, time: number): Promise<number> {
  const begin = performance.now();
  let computed = 0;
  for (let turn = 0; performance.now() - begin < time; turn++) {
    const start = (STARTS[turn % STARTS.length] as number) + Math.floor(turn / STARTS.length) * SHIFT;
    computed += (await next(start, SLOTS)).length;
  }
  return (computed / (performance.now() - begin)) * 1_000;
}
