// A process that makes calls of one kind, so many in flight, and answers with microseconds per call.
import { report } from '../measuring/child.js';
import { CALLS, type CallsName } from './calls.js';

const [, , kind, threads, inFlight, count] = process.argv;
const calls = await CALLS[kind as CallsName](Number(threads));

async function callAll(total: number): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < total) {
      const number = next++;
      const result = await calls.call(number);
      if (result !== number) throw new Error(`Call ${number} returned ${result}.`);
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, line));
}

const total = Number(count);
// A process that stays: what it runs before its code is compiled is not counted.
await callAll(total);
const begin = performance.now();
await callAll(total);
const milliseconds = performance.now() - begin;
await calls.close();
report((milliseconds * 1_000) / total);
