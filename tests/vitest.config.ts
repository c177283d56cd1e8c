import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['@flowrra/testing-servers/vitest-redis'],
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
