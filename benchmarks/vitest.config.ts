import { defineConfig } from 'vitest/config';

// It starts processes and servers of its own, one after the other.
export default defineConfig({ test: { testTimeout: 600_000 } });
