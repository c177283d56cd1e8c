// A producer of a chaos run: submits, repeats what stayed unclear, cancels, and awaits what it submitted. Told to finish,
// it submits nothing new, sees to what is open, and ends.
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from '@flowrra/core';
import { seededRandom } from '../random.mjs';
import { codeOf, nextCall, note, onCommand, reach, settings, watchMemory } from './actor.mjs';
import { openApp } from './noted-app.mjs';
import { wait } from './sights.mjs';

/** @type {import('../plan.js').Load & { seed: number }} */
const { seed, rate, mix, poison } = settings.load;
const kinds = /** @type {import('../history/entries.js').LoadKind[]} */ (Object.keys(mix)).flatMap((kind) =>
  Array(mix[kind]).fill(kind),
);
const random = seededRandom(seed);
/** Submits that are under way at once. */
const MOST_OPEN = 60;

/**
 * @param {import('../history/entries.js').LoadKind} kind
 * @returns {import('@flowrra/core').TaskContract<number[], unknown, undefined>}
 */
const contract = (kind) => defineTask(kind, { retries: RETRIES[kind] ?? 0 });
/** @type {Record<string, object>} */
const RETRIES = {
  flaky: { max: 3, delay: 150, jitter: false },
  fails: { max: 1, delay: 150, jitter: false },
};

const { app, close } = openApp();
let finishing = false;
let poisonLeft = poison;
let submitted = 0;
/** @type {Set<Promise<void>>} */
const open = new Set();

function draw() {
  const kind = drawKind();
  const ms = kind === 'long' ? 500 + random.integer(3_000) : 1 + random.integer(20);
  return {
    id: `${settings.actor}-${submitted++}`,
    kind,
    args: kind === 'flaky' ? [ms, random.integer(4)] : [ms],
    delay: random.chance(0.15) ? 200 + random.integer(2_000) : 0,
    priority: random.chance(0.2) ? random.integer(3) - 1 : 0,
  };
}

/** @returns {import('../history/entries.js').LoadKind} */
function drawKind() {
  if (poisonLeft > 0 && submitted > 20 && random.chance(0.02)) {
    poisonLeft--;
    return 'poison';
  }
  return random.pick(kinds);
}

/** @param {ReturnType<typeof draw>} task */
async function submit({ id, kind, args, delay, priority }) {
  const call = nextCall();
  note({ event: 'submit.invoke', id, call, kind, delay, priority, wall: Date.now() });
  try {
    await reach('before submit');
    const handle = await app.submit(contract(kind), args, { id, delay, priority });
    await reach('after submit');
    note({ event: 'submit.ok', id, call, known: handle.known });
    return handle;
  } catch (err) {
    const code = codeOf(err);
    note({ event: code === 'INDETERMINATE_SUBMIT' ? 'submit.info' : 'submit.fail', id, call, code });
    return null;
  }
}

/** @param {ReturnType<typeof draw>} task */
async function see(task) {
  let handle = await submit(task);
  // Some callers give up; others repeat the call under its id until it is accepted.
  while (!handle && !random.chance(0.2)) {
    await sleep(100 + random.integer(300));
    handle = await submit(task);
  }
  if (!handle) return;
  if (random.chance(settings.load.repeats)) {
    await sleep(random.integer(300));
    await submit(task);
  }
  if (random.chance(0.04)) await cancel(handle);
  if (random.chance(settings.load.waits)) await wait(handle);
}

/** @param {import('@flowrra/core').TaskHandle} handle */
async function cancel(handle) {
  await sleep(random.integer(1_000));
  const [id, call] = [handle.id, nextCall()];
  note({ event: 'cancel.invoke', id, call });
  try {
    note({ event: 'cancel.ok', id, call, asked: await handle.cancel() });
  } catch (err) {
    note({ event: 'cancel.info', id, call, code: codeOf(err) });
  }
}

onCommand('finish', () => {
  finishing = true;
});
if (settings.memoryEvery) watchMemory(settings.memoryEvery);
process.send?.('ready');
while (!finishing) {
  if (open.size < MOST_OPEN) {
    const seen = see(draw()).finally(() => open.delete(seen));
    open.add(seen);
  }
  await sleep(random.integer(2_000 / rate));
}
await Promise.all(open);
await app.stop();
await close();
