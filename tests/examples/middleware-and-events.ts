import { Flowrra } from '@flowrra/core';

const app = new Flowrra();
const add = app.task('add', (a: number, b: number) => a + b);

app.use({
  submit: (call, next) => next({ ...call, options: { priority: -1, ...call.options } }),
  async execute({ context }, next) {
    console.log(`${context.name} begins`);
    return next();
  },
});
app.on('finished', ({ taskName, result }) => console.log(`${taskName} ended: ${result.status}`));

await app.start();
console.log(await add.call([2, 3]));
await app.stop();
