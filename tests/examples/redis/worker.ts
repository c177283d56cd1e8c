import { app } from './app.js';

await app.run(); // serves until SIGTERM or SIGINT, then stops in order
