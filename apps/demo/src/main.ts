import { app, isWorker } from './flowrra.js';
import { runDemo } from './run-demo.js';
import { serve } from './serve.js';

// Importing the tasks registers them: a process runs what it has imported.
import './tasks.js';

process.exitCode = isWorker ? await serve(app) : await runDemo(process.argv.slice(2));
