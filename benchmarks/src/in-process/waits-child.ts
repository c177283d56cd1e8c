// A process that awaits many results over Redis at once, and answers with what the waiting takes.
import { setTimeout } from 'node:timers/promises';
import { Flowrra } from '@flowrra/core';
import { Redis } from 'ioredis';
import { FLOWRRA_SETTINGS } from '../flowrra-settings.js';
import { report } from '../measuring/child.js';

/** Longer than a waiting process takes to look again: what waiting opens is open by then. */
const SETTLED = 2_500;
const [, , url, count] = process.argv;
let warnings = 0;
process.on('warning', () => warnings++);

const redis = new Redis(String(url));
const app = new Flowrra({ ...FLOWRRA_SETTINGS, url });
const task = app.task('job', (number: number) => number);

/** Bytes in use on the heap, without what is garbage. */
function heapUsed(): number {
  if (!globalThis.gc) throw new Error('This script needs node --expose-gc.');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** All that the server has. */
async function countConnections(): Promise<number> {
  const list = (await redis.client('LIST')) as string;
  return list.trim().split('\n').length;
}

const connectionsOfOthers = await countConnections();

const handles = await task.submitMany(Array.from({ length: Number(count) }, (_, number) => [number] as const));
const heapBefore = heapUsed();
const results = handles.map((handle) => handle.result());
await setTimeout(SETTLED);
const bytes = (heapUsed() - heapBefore) / results.length;
const connections = (await countConnections()) - connectionsOfOthers;

await app.start();
for (const [number, result] of (await Promise.all(results)).entries())
  if (result !== number) throw new Error(`The result of job ${number} is that of ${result}.`);
await app.stop();
await redis.quit();
report({ bytes, connections, warnings });
