import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FlowrraError } from '@flowrra/core';
import { app, keyPrefixOf, redisUrl, runId, WORKERS } from './flowrra.js';
import { onInterrupt } from './interruption.js';
import { Pipeline } from './pipeline.js';
import { ProgressView } from './progress-view.js';
import { removeResults } from './remove-results.js';
import { report } from './report.js';
import { printable, screen } from './screen.js';
import { StoreWatch } from './store-watch.js';
import { Tally } from './tally.js';
import { Workers } from './workers.js';

const USAGE = `npm run demo [-- folder]

Reads, hashes, compresses and classifies every file below the folder (default: this repository).
REDIS_URL=redis://localhost:6379 runs it over Redis, with ${WORKERS} worker processes.`;

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

  const tally = new Tally();
  app.on('submitted', ({ taskName }) => tally.countSubmitted(taskName));
  const pipeline = new Pipeline(root, tally);
  const workers = new Workers(() => pipeline.abandon());
  const store = new StoreWatch(
    () => app.queueSize('default'),
    () => pipeline.abandon(),
  );
  const interruption = onInterrupt(() => pipeline.cancel().catch(() => pipeline.abandon()));
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
    view.stop();
    screen.print(report({ tally, summary, root, elapsed: view.elapsed }));
    if (workers.allLost) screen.print('\nAll workers are gone, so the rest was given up. Start the demo again.');
    if (store.isLost)
      screen.print('\nThe store did not come back, so the rest was given up. Start it, then the demo again.');
    return interruption.code ?? (summary && tally.allSucceeded ? 0 : 1);
  } finally {
    pipeline.abandon();
    view?.stop();
    store.stop();
    screen.close();
    await workers.stop();
    if (redisUrl) await removeResults(redisUrl, runId);
    interruption.end();
  }
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
