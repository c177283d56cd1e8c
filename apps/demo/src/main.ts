import { runDemo } from './run-demo.js';
import { isWorker } from './run-id.js';
import { closeScheduleStores } from './schedulers.js';
import { serve } from './serve.js';

// Importing the tasks registers them: a process runs what it has imported.
import './tasks.js';
import './scheduled-tasks.js';

process.exitCode = isWorker ? await serve() : await runDemo(process.argv.slice(2));
await closeScheduleStores();
