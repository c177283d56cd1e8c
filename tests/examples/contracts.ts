import { defineTask, Flowrra } from '@flowrra/core';

// Shared: a name, a policy and types, without code.
const resize = defineTask<(path: string, width: number) => string>('resize', { queue: 'images', timeout: '1m' });

// In the worker: the code, held to the contract by the compiler.
const app = new Flowrra({ executor: { queues: { images: { ioWorkers: 4 } } } });
app.implement(resize, async (path, width) => `${path} at ${width}`);
await app.start();

// In the producer: no code is needed.
const handle = await app.submit(resize, ['cat.png', 80]);
console.log(await handle.result());
await app.stop();
