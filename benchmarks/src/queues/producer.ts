// A producer process: carries out one scenario, and tells its parent the figure.
import { report } from '../measuring/child.js';
import { percentile } from '../measuring/statistics.js';
import { jobOf, type Producer } from './queue-system.js';
import { QUEUE_SYSTEMS, type QueueSystemName } from './systems.js';

/** Each enqueues the jobs from `first` on, `count` of them. */
const SCENARIOS = {
  /** Jobs a second, each after the one before. */
  async oneByOne(producer: Producer, first: number, count: number) {
    return rate(count, async () => {
      for (let i = 0; i < count; i++) await producer.enqueue(jobOf(first + i));
    });
  },
  /** Jobs a second, with so many under way. */
  async inFlight(producer: Producer, first: number, count: number) {
    return rate(count, () => eachInFlight(100, first, count, (number) => producer.enqueue(jobOf(number))));
  },
  /** Jobs a second, in calls of 1,000, one after the other. */
  async bulk(producer: Producer, first: number, count: number) {
    return rate(count, async () => {
      for (let from = 0; from < count; from += 1_000) {
        const size = Math.min(1_000, count - from);
        await producer.enqueueMany(Array.from({ length: size }, (_, i) => jobOf(first + from + i)));
      }
    });
  },
  /** Results a second, with 200 awaited at a time. */
  async awaited(producer: Producer, first: number, count: number) {
    return rate(count, () =>
      eachInFlight(200, first, count, async (number) => {
        const { done } = await producer.call(jobOf(number));
        if (done !== number) throw new Error(`The result of job ${number} is that of ${done}.`);
      }),
    );
  },
  /** Milliseconds from the call to the result, the median, one at a time. */
  async idle(producer: Producer, first: number, count: number) {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const begin = performance.now();
      await producer.call(jobOf(first + i));
      times.push(performance.now() - begin);
    }
    return percentile(times, 0.5);
  },
} as const;

export type Scenario = keyof typeof SCENARIOS;

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (count / (performance.now() - begin)) * 1_000;
}

async function eachInFlight(
  size: number,
  first: number,
  count: number,
  work: (number: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < count) await work(first + next++);
  };
  await Promise.all(Array.from({ length: size }, line));
}

const [, , system, url, scenario, warmUp, count] = process.argv;
const awaitsResults = scenario === 'awaited' || scenario === 'idle';
const producer = await (await QUEUE_SYSTEMS[system as QueueSystemName]()).openProducer(url as string, {
  awaitsResults,
});
const run = SCENARIOS[scenario as Scenario];
// What comes first is slower everywhere: code that is not compiled yet, connections that open.
if (Number(warmUp) > 0) await run(producer, 0, Number(warmUp));
const figure = await run(producer, Number(warmUp), Number(count));
await producer.close();
report(figure);
