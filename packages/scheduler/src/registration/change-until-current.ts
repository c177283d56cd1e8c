import {
  type BaseSchedulerBackend,
  type ScheduleChange,
  StoreUnavailableError,
  sleep,
  systemClock,
} from '@flowrra/core';

/** What somebody wants to write, and what to answer once it is written. */
export interface IntendedChanges<T> {
  readonly changes: readonly ScheduleChange[];
  readonly result: T;
}

const MOST_ROUNDS = 50;
/** Milliseconds. */
const LONGEST_PAUSE = 50;

/**
 * Reads, decides and writes; once more, if what was read is not current any more when it is written: a node advanced a
 * schedule, or another process registered it. Nothing is written when nothing is to change.
 * @param what the subject of the error's sentence
 * @throws StoreUnavailableError when others come first all the time
 */
export async function changeUntilCurrent<T>(
  backend: BaseSchedulerBackend,
  what: string,
  decide: () => Promise<IntendedChanges<T>>,
): Promise<T> {
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const { changes, result } = await decide();
    if (changes.length === 0 || (await backend.applyChanges(changes))) return result;
    // Real time, whatever the app's clock: it is other processes that must get out of the way.
    await sleep(systemClock, Math.random() * Math.min(round, LONGEST_PAUSE));
  }
  throw new StoreUnavailableError(`${what} was changed by others at each of ${MOST_ROUNDS} tries. Try again later.`);
}
