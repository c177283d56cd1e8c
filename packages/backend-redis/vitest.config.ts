import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['@flowrra/testing-servers/vitest-redis'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
