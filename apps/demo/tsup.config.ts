import { defineConfig } from 'tsup';

export default defineConfig({
  // The code of a CPU task is loaded by a thread of its own: it must be a file of its own.
  entry: ['src/main.ts', 'src/compress-file.ts'],
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  clean: true,
});
