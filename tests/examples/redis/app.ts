import { configFromEnv, Flowrra } from '@flowrra/core';

export const app = new Flowrra(configFromEnv());
export const greet = app.task('greet', async (name: string) => `Hello, ${name}!`);
