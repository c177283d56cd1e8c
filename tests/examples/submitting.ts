import { Flowrra } from '@flowrra/core';

const app = new Flowrra({ executor: { queues: ['default', 'mail'] } });
const send = app.task('send', async (to: string) => `sent to ${to}`);
await app.start();

await send.submit(['a@example.com'], { priority: -10 }); // -100 … 100, lower runs first
await send.submit(['b@example.com'], { delay: '250ms' }); // or runAt: a Date
await send.submit(['c@example.com'], { expires: '1h', timeout: '30s', retries: 5 });
await send.submit(['d@example.com'], { queue: 'mail' });

// An explicit id is enqueued once, however often it is submitted.
await send.submit(['e@example.com'], { id: 'invoice-17' });
const again = await send.submit(['e@example.com'], { id: 'invoice-17' });
console.log(again.known); // true

const handles = await send.submitMany([['f@example.com'], ['g@example.com']]);
console.log(await Promise.all(handles.map((handle) => handle.result())));
console.log(await send.call(['h@example.com'])); // submit and wait

await app.stop();
