import assert from 'node:assert/strict';
import { sleep, systemClock } from '../clock.js';
import type { Logger } from '../logger.js';

/** What must happen is given up after this many milliseconds: a test that hangs tells nothing. */
const PATIENCE = 10_000;

/** The error that the promise rejects with, whose `code` must be the given one. */
export async function rejection(promise: Promise<unknown>, code: string): Promise<Record<string, unknown> & Error> {
  const outcome = await soon(
    promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
    `a rejection with ${code}`,
  );
  if (!('error' in outcome))
    assert.fail(`It should reject with ${code}, but resolved with ${JSON.stringify(outcome.value)}.`);
  const error = outcome.error as Record<string, unknown> & Error;
  assert.ok(
    error instanceof Error,
    `It should reject with an Error of code ${code}, but rejected with ${String(outcome.error)}.`,
  );
  assert.equal(error.code, code, `It should reject with ${code}, but rejected with ${error.name}: ${error.message}`);
  return error;
}

/** The promise itself, or a failure that names what did not happen. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: { cancel(): void } | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = systemClock.after(PATIENCE, () =>
      reject(new assert.AssertionError({ message: `${what} did not happen within ${PATIENCE} ms.` })),
    );
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    timer?.cancel();
  }
}

/** Waits until the check holds, moving the world's time on meanwhile. */
export async function eventually(
  what: string,
  check: () => Promise<boolean>,
  passTime?: (ms: number) => Promise<void>,
): Promise<void> {
  for (let waited = 0; !(await check()); waited += 20) {
    assert.ok(waited < PATIENCE, `${what} did not happen within ${PATIENCE} ms.`);
    await passTime?.(1_000);
    await sleep(systemClock, 20);
  }
}

/** Follows a promise without waiting for it; a rejection counts as handled. */
export function watch(promise: Promise<unknown>): { readonly settled: boolean } {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

/** Gives what is under way in this process and in the store the time to happen. */
export async function breathe(roundTrip: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await roundTrip();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A logger whose entries a test can read. */
export interface RecordingLogger extends Logger {
  readonly entries: readonly { readonly level: string; readonly data: object; readonly message: string }[];
}

export function createRecordingLogger(): RecordingLogger {
  const entries: { level: string; data: object; message: string }[] = [];
  const at = (level: string) => (data: object, message: string) => void entries.push({ level, data, message });
  return { entries, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
