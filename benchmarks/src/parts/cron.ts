import type { Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import type { RowDefinition } from '../measuring/row.js';
import type { ComputedSlots } from '../schedules/cron/compute-slots.js';
import { CRON_CASES, type CronCase } from '../schedules/cron/cron-cases.js';
import { CRON_SYSTEMS, type CronSystemName } from '../schedules/cron/cron-systems.js';

const COMPUTE = new URL('../schedules/cron/compute-slots.js', import.meta.url);
const SYSTEMS = Object.keys(CRON_SYSTEMS) as CronSystemName[];

export const cron: Part = {
  name: 'cron',
  about: 'Computing the next slot of a cron expression, 50 times in a row from ever new starts.',
  async measure(bench) {
    const time = bench.amount(30, 2);
    /** What the first system said: all must say the same. */
    let expected: ComputedSlots['slots'] | undefined;
    await bench.compete({
      rows: Object.fromEntries(CRON_CASES.map((one) => [titleOf(one), rowOf(one)])),
      contestants: SYSTEMS.map((system) => ({
        system,
        async measure() {
          const { rates, slots } = await measureApart<ComputedSlots>(COMPUTE, [system, time]);
          expected ??= slots;
          checkSame(system, slots, expected);
          return Object.fromEntries(CRON_CASES.map((one, i) => [titleOf(one), rates[i] as number]));
        },
      })),
    });
  },
};

function titleOf({ expression, zone }: CronCase): string {
  return `${expression}, ${zone}`;
}

function rowOf(one: CronCase): RowDefinition {
  const goals = [
    { against: 'cron-parser', atLeast: 1 },
    { against: 'croner', atLeast: 1 },
  ];
  return { title: titleOf(one), unit: 'slots/s', goals };
}

function checkSame(system: string, slots: ComputedSlots['slots'], expected: ComputedSlots['slots']): void {
  CRON_CASES.forEach((one, i) => {
    const different = slots[i]?.findIndex((slot, at) => slot !== expected[i]?.[at]) ?? 0;
    if (different >= 0) throw new Error(`${system} has another slot ${different} for ${titleOf(one)} than the others.`);
  });
}
