// Runs turbo tasks: `node scripts/turbo.mjs build --filter=@flowrra/core`.
import { loudly, turbo } from './tools.mjs';

process.exitCode = await loudly(turbo(...process.argv.slice(2)));
