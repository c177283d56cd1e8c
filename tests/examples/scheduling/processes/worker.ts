import { configFromEnv, Flowrra } from '@flowrra/core';
import { greet } from './contracts.js';

const app = new Flowrra(configFromEnv());
app.implement(greet, async (name) => console.log(`Hello, ${name}!`));
await app.run();
