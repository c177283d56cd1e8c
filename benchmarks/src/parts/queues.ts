import type { Bench, Part } from '../measuring/bench.js';
import type { Goal, RowDefinition } from '../measuring/row.js';
import type { Scenario } from '../queues/producer.js';
import { produce, Workers } from '../queues/run-processes.js';
import { MeasuredRedis } from '../queues/server.js';
import { QUEUE_SYSTEMS, type QueueSystemName } from '../queues/systems.js';

const SYSTEMS = Object.keys(QUEUE_SYSTEMS) as QueueSystemName[];
const IN_MEMORY = 'appendonly no';

export const queues: Part = {
  name: 'queues',
  about:
    'Queues over Redis. Producers and workers are processes of their own; a job has about 200 bytes. Where jobs are many, BullMQ gets four tenths of them, and is no slower for that.',
  async measure(bench) {
    // Two settings show nothing more than one when speed does not count.
    for (const appendonly of bench.quick ? [false] : [false, true]) {
      const server = await MeasuredRedis.start({ appendonly });
      const setting = appendonly ? 'appendonly everysec' : IN_MEMORY;
      await enqueueing(bench, server, setting);
      await processing(bench, server, setting);
      await awaiting(bench, server, setting);
      await server.stop();
    }
  },
};

/** Where jobs are many, BullMQ gets fewer, so that it does not take most of the time; it is no slower for that. */
function jobsFor(system: QueueSystemName, jobs: number): number {
  return system === 'BullMQ' ? Math.ceil(jobs * 0.4) : jobs;
}

/** A few rows show the whole picture. */
function isCharted(title: string, setting: string): boolean {
  const charted = ['enqueue, bulk of 1,000', 'concurrency 100', 'two workers of 50', 'submit and await, 200 in flight'];
  return setting === IN_MEMORY && charted.includes(title);
}

/** What must hold, of more or of less, against each that is named. */
function atLeast(ratios: Partial<Record<QueueSystemName, number>>): Goal[] {
  return Object.entries(ratios).map(([against, ratio]) => ({ against, atLeast: ratio }));
}

function atMost(ratios: Partial<Record<QueueSystemName, number>>): Goal[] {
  return Object.entries(ratios).map(([against, ratio]) => ({ against, atMost: ratio }));
}

async function enqueueing(bench: Bench, server: MeasuredRedis, setting: string): Promise<void> {
  const measure = async (title: string, scenario: Scenario, count: number, goals: Goal[]): Promise<void> =>
    bench.compete({
      rows: { rate: { title: `${title}, ${setting}`, unit: 'jobs/s', goals, charted: isCharted(title, setting) } },
      contestants: SYSTEMS.map((system) => ({
        system,
        async measure() {
          await server.empty();
          return { rate: await produce(system, server.url, scenario, { warmUp: count, count }) };
        },
      })),
    });
  await measure(
    'enqueue one by one',
    'oneByOne',
    bench.amount(2_000, 500),
    atLeast({ BullMQ: 1.2, 'Bee-Queue': 0.8, 'raw limit': 0.8 }),
  );
  await measure(
    'enqueue, 100 in flight',
    'inFlight',
    bench.amount(15_000, 1_000),
    atLeast({ BullMQ: 1.5, 'Bee-Queue': 1, 'raw limit': 0.6 }),
  );
  await measure(
    'enqueue, bulk of 1,000',
    'bulk',
    bench.amount(20_000, 2_000),
    atLeast({ BullMQ: 4, 'Bee-Queue': 1.3, 'raw limit': 0.35 }),
  );
}

async function processing(bench: Bench, server: MeasuredRedis, setting: string): Promise<void> {
  const measure = async (
    title: string,
    { processes = 1, concurrency }: { processes?: number; concurrency: number },
    goals: Goal[],
    more: Partial<Record<'cpu' | 'bytes', RowDefinition>> = {},
  ): Promise<void> => {
    const count = (system: QueueSystemName): number =>
      concurrency === 1 ? bench.amount(3_000, 1_000) : jobsFor(system, bench.amount(30_000, 1_000));
    await bench.compete({
      rows: {
        rate: {
          title: `process, ${title}, ${setting}`,
          unit: 'jobs/s',
          goals,
          charted: isCharted(title, setting),
        },
        ...more,
      },
      contestants: SYSTEMS.map((system) => ({
        system,
        measure: () => processAll(system, server, { processes, concurrency, count: count(system) }),
      })),
    });
  };
  await measure('concurrency 1', { concurrency: 1 }, []);
  await measure('concurrency 10', { concurrency: 10 }, atLeast({ BullMQ: 1.5, 'Bee-Queue': 1.8, 'raw limit': 0.65 }));
  await measure('concurrency 100', { concurrency: 100 }, atLeast({ BullMQ: 2.5, 'Bee-Queue': 2.1, 'raw limit': 0.5 }), {
    cpu: {
      title: `Redis processor time, concurrency 100, ${setting}`,
      unit: 'ms per 1,000 jobs',
      goals: atMost({ BullMQ: 0.35, 'Bee-Queue': 0.65, 'raw limit': 2.5 }),
    },
    bytes: {
      title: `Redis memory of ended jobs with results, ${setting}`,
      unit: 'bytes per job',
      goals: atMost({ BullMQ: 0.5, 'raw limit': 1.45 }),
    },
  });
  await measure(
    'two workers of 50',
    { processes: 2, concurrency: 50 },
    atLeast({ BullMQ: 3.5, 'Bee-Queue': 2, 'raw limit': 0.45 }),
  );
}

/** Lets workers end jobs that wait already, and looks whether each ran once and is kept. */
async function processAll(
  system: QueueSystemName,
  server: MeasuredRedis,
  { count, ...workerOptions }: { processes: number; concurrency: number; count: number },
): Promise<{ rate: number; cpu: number; bytes: number }> {
  await server.empty();
  const memoryBefore = await server.usedMemory();
  await produce(system, server.url, 'bulk', { warmUp: 0, count });
  const cpuBefore = await server.cpuTime();
  const workers = await Workers.start(system, server.url, workerOptions);
  // A worker that stays: what it runs at first, before its code is compiled, is not counted.
  const early = Math.floor(count / 2);
  await workers.ran(early);
  const begin = performance.now();
  await workers.ran(count);
  const seconds = (performance.now() - begin) / 1_000;
  await workers.stop(count);
  const cpu = (await server.cpuTime()) - cpuBefore;
  const kept = (await server.usedMemory()) - memoryBefore;
  await expectFinished(system, server, count);
  return { rate: (count - early) / seconds, cpu: (cpu / count) * 1_000, bytes: kept / count };
}

async function awaiting(bench: Bench, server: MeasuredRedis, setting: string): Promise<void> {
  const measure = async (
    title: string,
    unit: string,
    scenario: Scenario,
    jobs: (system: QueueSystemName) => { warmUp: number; count: number },
    goals: Goal[],
  ): Promise<void> =>
    bench.compete({
      rows: { figure: { title: `${title}, ${setting}`, unit, goals, charted: isCharted(title, setting) } },
      contestants: SYSTEMS.map((system) => ({
        system,
        async measure() {
          const { warmUp, count } = jobs(system);
          await server.empty();
          const workers = await Workers.start(system, server.url, { processes: 1, concurrency: 200 });
          const figure = await produce(system, server.url, scenario, { warmUp, count });
          await workers.stop(warmUp + count);
          await expectFinished(system, server, warmUp + count);
          return { figure };
        },
      })),
    });
  const inFlight = (system: QueueSystemName): number => jobsFor(system, bench.amount(12_000, 1_000));
  await measure(
    'submit and await, 200 in flight',
    'results/s',
    'awaited',
    (system) => ({ warmUp: inFlight(system), count: inFlight(system) }),
    atLeast({ BullMQ: 4, 'Bee-Queue': 1.5, 'raw limit': 0.5 }),
  );
  await measure(
    'submit and await, idle, p50',
    'ms',
    'idle',
    // A process that stays: what it runs for the first time is over.
    () => ({ warmUp: bench.amount(2_000, 20), count: bench.amount(400, 50) }),
    atMost({ BullMQ: 0.5, 'Bee-Queue': 1.2, 'raw limit': 1.3 }),
  );
}

/** @throws when the system does not say that so many jobs ended well */
async function expectFinished(system: QueueSystemName, server: MeasuredRedis, count: number): Promise<void> {
  const producer = await (await QUEUE_SYSTEMS[system]()).openProducer(server.url, { awaitsResults: false });
  const finished = await producer.countFinished();
  await producer.close();
  if (finished !== count) throw new Error(`${system} says that ${finished} of ${count} jobs have ended.`);
}
