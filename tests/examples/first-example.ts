import { Flowrra } from '@flowrra/core';

const app = new Flowrra();
const add = app.task('add', (a: number, b: number) => a + b);

await app.start();
const handle = await add.submit([2, 3]);
const sum: number = await handle.result();
console.log(sum); // 5
await app.stop();
