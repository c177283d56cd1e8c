import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: [
      '@flowrra/testing-servers/vitest-redis',
      '@flowrra/testing-servers/vitest-postgres',
      '@flowrra/testing-servers/vitest-mysql',
    ],
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // Whoever reads only the message of a failure sees all of what was found.
    chaiConfig: { truncateThreshold: 4_000 },
    // Most of them wait for servers and processes.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
