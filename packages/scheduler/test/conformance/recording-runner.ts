import type { TestRunner } from '@flowrra/core/conformance';

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
      await test.body().catch((err: unknown) => failures.set(test.name, String(err)));
    }
    return failures;
  }
}
