import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: [
      '@flowrra/testing-servers/vitest-redis',
      '@flowrra/testing-servers/vitest-postgres',
      '@flowrra/testing-servers/vitest-mysql',
    ],
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
