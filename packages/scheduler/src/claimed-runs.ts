import type { Firing } from '@flowrra/core';

/** Which of the firings of one schedule run at a slot, and the newest of them: triggers by hand are no runs. */
export function runsAmong(firings: readonly Firing[]): {
  readonly runs: readonly Firing[];
  readonly newest: Firing | null;
} {
  const runs = firings.filter(({ kind, state }) => kind === 'slot' && state === 'claimed');
  const newest = runs.reduce<Firing | null>((last, run) => (last && last.slot >= run.slot ? last : run), null);
  return { runs, newest };
}
