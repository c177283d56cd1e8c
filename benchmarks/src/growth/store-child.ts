// A process that does one thing to a store that may be full, and answers with what that took.
import { defineTask, Flowrra } from '@flowrra/core';
import { FLOWRRA_SETTINGS } from '../flowrra-settings.js';
import { report } from '../measuring/child.js';
import { median } from '../measuring/statistics.js';
import { type Job, jobOf } from '../queues/queue-system.js';

const job = defineTask<(job: Job) => null>('job');
const CONCURRENCY = 100;
const BULK = 1_000;
const PAGE = 100;
const [, , action, url, count, rounds] = process.argv;

const ACTIONS = {
  /** Microseconds per job, to enqueue and to run it: the median of the rounds, without the first, which is slower. */
  async run(jobs: number, rounds: number) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await runThroughTheQueue(jobs));
    return median(times.slice(1));
  },
  /** Milliseconds per listing, the median. */
  async list(listings: number) {
    const app = new Flowrra({ ...FLOWRRA_SETTINGS, url });
    const times: number[] = [];
    for (let i = 0; i < listings; i++) {
      const begin = performance.now();
      const page = await app.listByStatus('success', { limit: PAGE });
      times.push(performance.now() - begin);
      if (page.length !== PAGE) throw new Error(`A page of ${PAGE} has ${page.length} results.`);
    }
    await app.stop();
    return median(times);
  },
} as const;

export type StoreAction = keyof typeof ACTIONS;

/** @returns microseconds per job */
async function enqueue(jobs: number): Promise<number> {
  const app = new Flowrra({ ...FLOWRRA_SETTINGS, url });
  const task = app.implement(job, () => null);
  await app.queueSize(task.queue);
  const begin = performance.now();
  for (let from = 0; from < jobs; from += BULK) {
    const size = Math.min(BULK, jobs - from);
    await task.submitMany(Array.from({ length: size }, (_, i) => [jobOf(from + i)] as const));
  }
  const milliseconds = performance.now() - begin;
  await app.stop();
  return (milliseconds * 1_000) / jobs;
}

/** Enqueues jobs, and runs as many: the same ones, unless others wait before them. @returns microseconds per job */
async function runThroughTheQueue(jobs: number): Promise<number> {
  const before = await queued();
  const enqueueing = await enqueue(jobs);
  const { running, runs } = await runFirst(jobs);
  const expected = before + jobs - runs;
  const after = await queued();
  if (after !== expected) throw new Error(`${after} jobs are queued instead of ${expected}.`);
  return enqueueing + running;
}

/** Runs jobs until so many have run; those that it holds by then run as well. */
async function runFirst(jobs: number): Promise<{ running: number; runs: number }> {
  const early = Math.floor(jobs / 5);
  const app = new Flowrra({ ...FLOWRRA_SETTINGS, url, executor: { ioWorkers: CONCURRENCY } });
  let runs = 0;
  let begin = 0;
  let end = 0;
  const done = new Promise<void>((resolve) => {
    app.implement(job, () => {
      runs++;
      if (runs === early) begin = performance.now();
      if (runs === jobs) {
        end = performance.now();
        resolve();
      }
      return null;
    });
  });
  await app.start();
  await done;
  await app.stop();
  return { running: ((end - begin) * 1_000) / (jobs - early), runs };
}

/** Jobs that wait. */
async function queued(): Promise<number> {
  const app = new Flowrra({ ...FLOWRRA_SETTINGS, url });
  const { waiting } = await app.queueSize(job.queue);
  await app.stop();
  return waiting;
}

report(await ACTIONS[action as StoreAction](Number(count), Number(rounds)));
