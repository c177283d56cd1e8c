import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { byTask } from './by-task.js';
import { faultsOfMessage, faultsOfOrder } from './check-messages.js';
import { faultsOfResults } from './check-results.js';
import { Disturbances } from './disturbances.js';
import type { HistoryEntry } from './entries.js';
import type { Judgement } from './judgement.js';
import type { TaskHistory } from './task-history.js';

/** What all actors of a run noted, in the order of time. A line that its actor's death cut short is left out. */
export function readHistory(folder: string): HistoryEntry[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const entries = files.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as HistoryEntry),
  );
  return entries.sort((a, b) => a.at - b.at);
}

export interface Verdict {
  /** One line for each violation, with the invariant first; none when all is well. */
  readonly faults: readonly string[];
  readonly tasks: ReadonlyMap<string, TaskHistory>;
}

/** Judges what happened to tasks: RI-1 to RI-5, BI-1 to BI-7 and BI-9. */
export function checkHistory(entries: readonly HistoryEntry[], rules: Omit<Judgement, 'disturbances'>): Verdict {
  const judgement: Judgement = { ...rules, disturbances: new Disturbances(entries) };
  const tasks = byTask(entries);
  const faults = [...tasks.values()].flatMap((task) => [
    ...faultsOfResults(task, judgement),
    ...faultsOfMessage(task, judgement),
  ]);
  return { faults: [...faults, ...faultsOfOrder(tasks.values(), judgement)], tasks };
}
