import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FlowrraError } from '@flowrra/core';
import { app, databaseUrl, keyPrefixOf, ownDatabase, redisUrl, WORKERS } from './flowrra.js';
import { onInterrupt } from './interruption.js';
import { Pipeline } from './pipeline.js';
import { ProgressView } from './progress-view.js';
import { removeResults } from './remove-results.js';
import { removeSchedules } from './remove-schedules.js';
import { report } from './report.js';
import { makeRunFolder } from './run-folder.js';
import { runId } from './run-id.js';
import { isAsPromised } from './schedule-audit.js';
import { ScheduledPart } from './scheduled-part.js';
import { attachScheduler } from './schedulers.js';
import { EVERY } from './schedules.js';
import { printable, screen } from './screen.js';
import { StoreWatch } from './store-watch.js';
import { Tally } from './tally.js';
import { Workers } from './workers.js';

const USAGE = `npm run demo [-- folder]

Reads, hashes, compresses and classifies every file below the folder (default: this repository), and meanwhile counts
the files every ${EVERY.rescan / 1000} s by a schedule and reports every ${EVERY.report / 1000} s by another.
REDIS_URL=redis://localhost:6379 runs it over Redis, with ${WORKERS} worker processes.
DATABASE_URL=postgresql://… or mysql://… keeps the schedules there instead of in a SQLite file.`;

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** The producer's part. @returns the exit code: 0 only if every task ended as it should */
export async function runDemo(args: readonly string[]): Promise<number> {
  const [argument, ...tooMany] = args;
  if (argument === '-h' || argument === '--help') return say(USAGE, 0);
  if (tooMany.length > 0) return say(USAGE, 1);
  // Through `npm run` the working folder is the repository; the user stands in INIT_CWD.
  const root = argument === undefined ? REPOSITORY : resolve(process.env.INIT_CWD ?? '.', argument);
  const problem = await problemWith(root);
  if (problem) return say(problem, 1);
  const where = redisUrl ? `on Redis under ${keyPrefixOf(runId)}, with ${WORKERS} workers` : 'in memory';
  screen.print(`Flowrra demo over ${printable(root)}, ${where}`);
  makeRunFolder();
  // However the process ends, the terminal gets its cursor back.
  process.once('exit', () => screen.close());
  // Whoever read the output has gone: nobody is there to see the rest.
  process.stdout.once('error', () => process.exit(1));
  try {
    return await run(root);
  } catch (err) {
    if (!(err instanceof FlowrraError)) throw err;
    return say(err.message, 1);
  } finally {
    await app.stop();
  }
}

async function run(root: string): Promise<number> {
  // A first question: a store that cannot be reached says so before anything is started.
  await app.queueSize('default');
  const scheduled = await beginSchedules(root);

  const tally = new Tally();
  app.on('submitted', ({ taskName }) => {
    if (!(taskName in EVERY)) tally.countSubmitted(taskName);
  });
  const pipeline = new Pipeline(root, tally);
  const workers = new Workers(() => pipeline.abandon());
  const store = new StoreWatch(
    () => app.queueSize('default'),
    () => pipeline.abandon(),
  );
  const hurry = new AbortController();
  const interruption = onInterrupt(() => {
    hurry.abort();
    return pipeline.cancel().catch(() => pipeline.abandon());
  });
  let view: ProgressView | undefined;
  try {
    if (redisUrl) workers.start(WORKERS, runId);
    else await app.start();
    view = new ProgressView(screen, {
      tally,
      workerPids: () => workers.pids,
      queueSize: () => store.size,
    });
    const summary = await pipeline.run();
    const { elapsed } = view;
    view.stop();
    const gaveUp = whyGivenUp(workers, store);
    const audits = gaveUp ? [] : await scheduled.end(hurry.signal);
    screen.print(report({ tally, summary, root, elapsed, audits }));
    if (gaveUp) screen.print(`\n${gaveUp}`);
    return interruption.code ?? (summary && tally.allSucceeded && audits.every(isAsPromised) ? 0 : 1);
  } finally {
    pipeline.abandon();
    view?.stop();
    store.stop();
    screen.close();
    await workers.stop();
    await app.stop();
    if (redisUrl) await removeResults(redisUrl, runId);
    if (databaseUrl !== ownDatabase) await removeSchedules();
    interruption.end();
  }
}

/** Two schedulers side by side: over Redis each worker has one, and this process only registers and asks. */
async function beginSchedules(root: string): Promise<ScheduledPart> {
  const scheduler = await attachScheduler(redisUrl ? `producer-${process.pid}` : 'node-1');
  if (!redisUrl) await attachScheduler('node-2');
  const scheduled = new ScheduledPart(root, scheduler);
  await scheduled.begin();
  return scheduled;
}

function whyGivenUp(workers: Workers, store: StoreWatch): string | null {
  if (workers.allLost) return 'All workers are gone, so the rest was given up. Start the demo again.';
  if (store.isLost) return 'The store did not come back, so the rest was given up. Start it, then the demo again.';
  return null;
}

async function problemWith(folder: string): Promise<string | null> {
  try {
    return (await stat(folder)).isDirectory() ? null : `${printable(folder)} is not a folder.`;
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? `There is no folder ${printable(folder)}.`
      : `${printable(folder)} cannot be read: ${code}.`;
  }
}

function say(text: string, exitCode: number): number {
  if (exitCode === 0) screen.print(text);
  else process.stderr.write(`${text}\n`);
  return exitCode;
}
