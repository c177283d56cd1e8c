import type { TaskHistory } from './history/task-history.js';

/** How much went on in a run. */
export interface Counts {
  submits: number;
  acknowledged: number;
  unclear: number;
  refused: number;
  runs: number;
  redeliveries: number;
  ended: number;
  givenUp: number;
  reads: number;
  waits: number;
  slots: number;
}

export function countsOf(tasks: readonly TaskHistory[], slots: number): Counts {
  const submits = tasks.flatMap((task) => task.submits);
  const sights = tasks.flatMap((task) => task.sights);
  const count = <Item>(items: readonly Item[], is: (item: Item) => boolean): number => items.filter(is).length;
  return {
    submits: submits.length,
    acknowledged: count(tasks, ({ accepted }) => accepted !== undefined),
    unclear: count(submits, ({ end }) => end === 'info'),
    refused: count(submits, ({ end }) => end === 'fail'),
    runs: tasks.reduce((sum, { runs }) => sum + runs.length, 0),
    redeliveries: count(
      tasks.flatMap(({ deliveries }) => deliveries),
      ({ crashes }) => crashes > 0,
    ),
    ended: count(tasks, ({ endedAt }) => Number.isFinite(endedAt)),
    givenUp: count(tasks, ({ ends }) => ends[0]?.seen.code === 'WORKER_LOST'),
    reads: count(sights, ({ waited }) => !waited),
    waits: count(sights, ({ waited }) => waited),
    slots,
  };
}
