// `npm run bench`: installs, gets the server programs, builds, and measures Flowrra beside its peers.
import { ensureServers } from './servers.mjs';
import { install, loudly, pnpm, quietly, turbo } from './tools.mjs';

await install();
await ensureServers();
// The processes that are measured run plain JavaScript: a loader would take longer to start than they do.
await quietly('Building', turbo('build', '--output-logs=errors-only', '--filter=@flowrra/benchmarks'));
process.exitCode = await loudly(
  pnpm('--filter', '@flowrra/benchmarks', 'exec', 'node', 'dist/main.js', ...process.argv.slice(2)),
);
