// A process that lets one pool run calls of a function that does nothing, and answers with calls a second.
import { report } from '../measuring/child.js';
import { POOLS, type PoolName } from './pools.js';

const [, , system, concurrency, priorities, count, wave] = process.argv;
let runs = 0;
const pool = await POOLS[system as PoolName]({
  concurrency: Number(concurrency),
  handler: (number) => {
    runs++;
    return number;
  },
});

/** Calls are made, and their results awaited, one wave after the other; priorities take turns. */
async function callAll(total: number): Promise<void> {
  for (let first = 0; first < total; first += Number(wave)) {
    const size = Math.min(Number(wave), total - first);
    const calls = Array.from({ length: size }, (_, i) => pool.call(first + i, i % Number(priorities)));
    for (const [i, result] of (await Promise.all(calls)).entries())
      if (result !== first + i) throw new Error(`Call ${first + i} returned ${result}.`);
  }
}

const total = Number(count);
const warmUp = total / 10;
await callAll(warmUp);
const begin = performance.now();
await callAll(total);
const seconds = (performance.now() - begin) / 1_000;
await pool.close();
if (runs !== warmUp + total) throw new Error(`Of ${warmUp + total} calls ${runs} ran.`);
report(total / seconds);
