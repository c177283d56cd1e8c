// `npm run bench`: installs, gets the server programs, builds, and measures Flowrra beside its peers.
import { ensureServers } from './servers.mjs';
import { install, loudly, pnpm, quietly, turbo } from './tools.mjs';

await install();
await ensureServers();
await quietly('Building', turbo('build', '--output-logs=errors-only', '--filter=./packages/*'));
process.exitCode = await loudly(
  pnpm('--filter', '@flowrra/benchmarks', 'exec', 'tsx', 'src/main.ts', ...process.argv.slice(2)),
);
