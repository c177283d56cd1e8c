import { inject, type ProvidedContext } from 'vitest';
import type { TestProject } from 'vitest/node';
import type { PrivateServer } from './private-server.js';

/** A server that all test files of a vitest run share. */
export interface ServerOfTheRun {
  /** Vitest's globalSetup. */
  readonly setup: (project: TestProject) => Promise<(() => Promise<void>) | undefined>;
  /** Its URL, for the tests. */
  readonly url: () => string;
}

/**
 * @param key under which vitest hands the URL to the tests
 * @param variable of the environment, which names a server to use instead of a private one
 * @param module that has the setup, for the error of a package that forgot it
 */
export function serverOfTheRun(
  key: keyof ProvidedContext & string,
  variable: string,
  module: string,
  start: () => Promise<PrivateServer>,
): ServerOfTheRun {
  return {
    async setup(project) {
      const named = process.env[variable];
      if (named) {
        project.provide(key, named);
        return undefined;
      }
      const server = await start();
      project.provide(key, server.url);
      return () => server.stop();
    },
    url() {
      const url: string | undefined = inject(key);
      if (!url) throw new Error(`Add '${module}' to globalSetup in this package's vitest.config.ts.`);
      return url;
    },
  };
}
