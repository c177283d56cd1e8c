// A worker process that ends once it has run the job that waits for it.
import { Flowrra } from '@flowrra/core';

const app = new Flowrra({ url: String(process.argv[2]), backend: { ttl: '1d' } });
const ran = new Promise((resolve) => {
  app.task('job', () => resolve({ at: performance.timeOrigin + performance.now(), memory: process.memoryUsage.rss() }));
});
await app.start();
const served = await ran;
await app.stop();
process.send?.({ figures: served }, () => process.disconnect());
