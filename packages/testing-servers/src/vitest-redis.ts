import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { startRedis } from './start-redis.js';

declare module 'vitest' {
  export interface ProvidedContext {
    redisUrl: string;
  }
}

/**
 * Vitest's globalSetup: one Redis per run, the one that REDIS_URL names or else a private one.
 *
 * @example
 * // vitest.config.ts
 * export default defineConfig({ test: { globalSetup: ['@flowrra/testing-servers/vitest-redis'] } });
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const named = process.env.REDIS_URL;
  if (named) {
    project.provide('redisUrl', named);
    return undefined;
  }
  const server = await startRedis();
  project.provide('redisUrl', server.url);
  return () => server.stop();
}

/** The URL of the run's Redis. All test files share it: work under a key prefix of your own and leave nothing. */
export function redisForTests(): string {
  const url: string | undefined = inject('redisUrl');
  if (!url)
    throw new Error("Add '@flowrra/testing-servers/vitest-redis' to globalSetup in this package's vitest.config.ts.");
  return url;
}
