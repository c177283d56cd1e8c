// A worker process that ends once it has run the job that waits for it.
import { Worker } from 'bullmq';

const connection = { url: String(process.argv[2]), maxRetriesPerRequest: null };
const served = await new Promise((resolve) => {
  const worker = new Worker(
    'jobs',
    async () => {
      const at = performance.timeOrigin + performance.now();
      const memory = process.memoryUsage.rss();
      // Once the job has ended.
      worker.once('completed', () => worker.close().then(() => resolve({ at, memory })));
    },
    { connection },
  );
});
process.send?.({ figures: served }, () => process.disconnect());
