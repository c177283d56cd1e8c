import { Flowrra } from '@flowrra/core';
import type { hash as hashFunction } from './hash.js';

const app = new Flowrra({ executor: { cpuWorkers: 2 } });
const hash = app.cpuTask<typeof hashFunction>('hash', {
  module: new URL('./hash.js', import.meta.url),
  export: 'hash',
  timeout: '10s', // its thread is ended
});
await app.start();
console.log(await hash.call(['flowrra', 1_000]));
await app.stop();
