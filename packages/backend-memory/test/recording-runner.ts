import type { TestRunner } from '@flowrra/core/conformance';
import { vi } from 'vitest';

/** Collects the tests that a suite defines, so that a test can run them and look at what fails. */
export class RecordingRunner implements TestRunner {
  readonly #tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];

  // Fields, because a suite takes the functions by themselves.
  readonly describe = (_name: string, body: () => void): void => body();
  readonly it = (name: string, body: () => Promise<void>): void => void this.#tests.push({ name, body });

  get names(): string[] {
    return this.#tests.map(({ name }) => name);
  }

  /** Runs the tests of that name, or all of them. @returns by name, why they failed */
  async run(name?: string): Promise<Map<string, string>> {
    const failures = new Map<string, string>();
    for (const test of this.#tests) {
      if (name !== undefined && test.name !== name) continue;
      try {
        await withFastTimers(test.body);
      } catch (err) {
        failures.set(test.name, String(err));
      }
    }
    return failures;
  }
}

/** What a suite gives ten seconds before it calls it lost is lost here after some turns of the event loop. */
async function withFastTimers(body: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let ended = false;
  const running = body().finally(() => {
    ended = true;
  });
  // Handled below; a test may fail while the timers still turn.
  running.catch(() => {});
  try {
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(10);
    }
    await running;
  } finally {
    vi.useRealTimers();
  }
}
