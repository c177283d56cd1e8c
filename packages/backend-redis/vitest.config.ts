import { defineConfig } from 'vitest/config';

/** Lua files are imported as text, as in the build. */
const luaAsText = {
  name: 'lua-as-text',
  transform: (source: string, id: string) =>
    id.endsWith('.lua') ? `export default ${JSON.stringify(source)};` : undefined,
};

export default defineConfig({
  plugins: [luaAsText],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['@flowrra/testing-servers/vitest-redis'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
