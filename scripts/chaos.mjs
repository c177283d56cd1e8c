// `npm run chaos`: installs, gets the server programs, builds, and lets things go wrong for as long as it is told.
import { ensureServers } from './servers.mjs';
import { install, loudly, pnpm, quietly, turbo } from './tools.mjs';

await install();
await ensureServers();
await quietly('Building', turbo('build', '--output-logs=errors-only', '--filter=./packages/*'));
process.exitCode = await loudly(
  pnpm('--filter', '@flowrra/tests', 'exec', 'tsx', 'chaos/main.ts', ...process.argv.slice(2)),
);
