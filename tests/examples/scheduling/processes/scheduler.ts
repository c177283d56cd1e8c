import { configFromEnv, Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';
import { greet } from './contracts.js';

const app = new Flowrra(configFromEnv());
const scheduler = new Scheduler(app, { backend: process.env.DATABASE_URL, tasks: [greet] });
await scheduler.scheduleInterval('1s', greet, { id: 'greeting', args: ['Ada'] });
await scheduler.run(); // fires until SIGTERM or SIGINT, runs no tasks
