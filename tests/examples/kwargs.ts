import { Flowrra } from '@flowrra/core';

const app = new Flowrra();
const mail = app.task('mail', { kwargs: true }, async (to: string, kw: { subject: string; cc?: string }) => {
  return `${to}: ${kw.subject}`;
});
await app.start();
console.log(await mail.call(['ada@example.com'], { kwargs: { subject: 'Hello' } }));
await app.stop();
