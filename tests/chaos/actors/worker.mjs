// A worker of a chaos run: executes the tasks of the load, and notes each run.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { taskContext } from '@flowrra/core';
import { note, settings, watchMemory } from './actor.mjs';
import { openApp } from './noted-app.mjs';

/**
 * Runs the body of a handler. What it returns says which run it was.
 * @param {(run: import('../history/entries.js').RunValue) => unknown} body
 */
async function noted(body) {
  const { id, fence, attempt } = taskContext();
  const run = { id, fence, attempt, nonce: randomUUID() };
  note({ event: 'run.start', ...run, wall: Date.now() });
  try {
    await body(run);
    return run;
  } finally {
    note({ event: 'run.end', ...run });
  }
}

/** @param {object} run */
const fail = (run) => {
  throw new Error(JSON.stringify(run));
};
const retries = (/** @type {number} */ max) => ({ max, delay: 150, jitter: false });

const { app, close } = openApp({ ioWorkers: settings.slots, cpuWorkers: 1 });
// Most handlers ignore that they are told to end: what they return late must be refused.
app.task('work', { retries: 0 }, (/** @type {number} */ ms) => noted(() => sleep(ms)));
app.task('long', { retries: 0 }, (/** @type {number} */ ms) =>
  noted(() => sleep(ms, undefined, { signal: taskContext().signal })),
);
app.task('flaky', { retries: retries(3) }, (/** @type {number} */ ms, /** @type {number} */ failures) =>
  noted(async (run) => {
    await sleep(ms);
    if (run.attempt <= failures) fail(run);
  }),
);
app.task('fails', { retries: retries(1) }, () => noted(fail));
app.task('poison', { retries: 0 }, () => noted(() => process.kill(process.pid, 'SIGKILL')));
app.task('tick', { retries: 0 }, () => noted(() => {}));

if (settings.memoryEvery) watchMemory(settings.memoryEvery);
process.send?.('ready');
await app.run({ grace: settings.grace });
await close();
