import type { Machine } from '../machine.js';
import { holds, type Row, ratio } from '../measuring/row.js';
import { median, spread } from '../measuring/statistics.js';

/** All figures as they were measured, with what the tables say of them. */
export function jsonOf(machine: Machine, rows: readonly Row[]): string {
  const described = rows.map(({ figures, ...row }) => ({
    ...row,
    goals: row.goals.map((goal) => ({
      ...goal,
      ...(goal.against === undefined ? {} : { ratio: ratio({ ...row, figures }, goal.against) }),
      holds: holds({ ...row, figures }, goal),
    })),
    systems: Object.fromEntries(
      [...figures].map(([system, all]) => [system, { median: median(all), spread: spread(all), figures: all }]),
    ),
  }));
  return `${JSON.stringify({ machine, rows: described }, null, 2)}\n`;
}
