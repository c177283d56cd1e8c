import { serverOfTheRun } from './server-of-the-run.js';
import { startRedis } from './start-redis.js';

declare module 'vitest' {
  export interface ProvidedContext {
    redisUrl: string;
  }
}

const redis = serverOfTheRun('redisUrl', 'REDIS_URL', '@flowrra/testing-servers/vitest-redis', startRedis);

/**
 * Vitest's globalSetup: one Redis per run, the one that REDIS_URL names or else a private one.
 *
 * @example
 * // vitest.config.ts
 * export default defineConfig({ test: { globalSetup: ['@flowrra/testing-servers/vitest-redis'] } });
 */
export default redis.setup;

/** The URL of the run's Redis. All test files share it: work under a key prefix of your own and leave nothing. */
export const redisForTests: () => string = redis.url;
