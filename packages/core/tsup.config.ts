import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'cpu-worker': 'src/executors/cpu-worker.ts',
    'testing/index': 'src/testing/index.ts',
    'conformance/index': 'src/conformance/index.ts',
    'conformance/arbitraries': 'src/conformance/arbitraries.ts',
  },
  format: 'esm',
  target: 'node20',
  dts: {
    entry: {
      index: 'src/index.ts',
      'testing/index': 'src/testing/index.ts',
      'conformance/index': 'src/conformance/index.ts',
      'conformance/arbitraries': 'src/conformance/arbitraries.ts',
    },
  },
  sourcemap: true,
  clean: true,
});
