// `npm run demo [-- folder]`: installs and builds what is not there yet, then becomes the demo: its arguments, its
// terminal, its exit code.
import { install, loudly, quietly, turbo } from './tools.mjs';

await install();
await quietly('Building', turbo('build', '--filter=@flowrra/demo', '--output-logs=errors-only'));
process.exitCode = await loudly([process.execPath, 'apps/demo/dist/main.js', ...process.argv.slice(2)]);
