import { Flowrra } from '@flowrra/core';

const app = new Flowrra({ backend: { ttl: '1h' }, broker: { maxQueueSize: 10_000 } });
const add = app.task('add', (a: number, b: number) => a + b);

await app.start();
console.log(await add.call([1, 2]));
await app.stop();
