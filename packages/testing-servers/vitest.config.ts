import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['src/vitest-redis.ts', 'src/vitest-postgres.ts', 'src/vitest-mysql.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
