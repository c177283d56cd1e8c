// Runs turbo tasks: `node scripts/turbo.mjs build --filter=@flowrra/core`. A fresh clone is set up first.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install, loudly, root, turbo } from './tools.mjs';

if (!existsSync(join(root, 'node_modules', '.modules.yaml'))) await install();
process.exitCode = await loudly(turbo(...process.argv.slice(2)));
