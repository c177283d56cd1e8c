// A reader of a chaos run: in a process of its own, it reads and awaits tasks that others submitted, which it knows from
// their history. Told to finish, it sees to what is open, and ends.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from '@flowrra/core';
import { seededRandom } from '../random.mjs';
import { onCommand, settings } from './actor.mjs';
import { openApp } from './noted-app.mjs';
import { read, wait } from './sights.mjs';

const random = seededRandom(settings.load.seed);
const folder = dirname(settings.history);
const { app, close } = openApp();
const work = defineTask('work');
let finishing = false;
/** @type {Set<Promise<void>>} */
const open = new Set();

/** @type {Map<string, { file: number, rest: string }>} */
const files = new Map();

/** Ids that were acknowledged since the last look. */
function* news() {
  for (const name of readdirSync(folder)) {
    if (!/^(producer|scheduler)/.test(name)) continue;
    const state = files.get(name) ?? { file: openSync(join(folder, name), 'r'), rest: '' };
    files.set(name, state);
    const chunk = Buffer.alloc(256 * 1024);
    const bytes = readSync(state.file, chunk);
    const lines = (state.rest + chunk.toString('utf8', 0, bytes)).split('\n');
    state.rest = lines.pop() ?? '';
    for (const line of lines) if (line.includes('"submit.ok"')) yield String(JSON.parse(line).id);
  }
}

/** Until it ended, and twice more. @param {string} id */
async function readOn(id) {
  for (let ends = 0; ends < 3 && !finishing; ) {
    const seen = await read(app, id);
    if (seen && ['success', 'failed', 'cancelled'].includes(seen.status)) ends++;
    await sleep(20 + random.integer(1_000));
  }
}

onCommand('finish', () => {
  finishing = true;
});
process.send?.('ready');
while (!finishing) {
  for (const id of news()) {
    if (!random.chance(settings.load.reads)) continue;
    const watching = (random.chance(0.5) ? readOn(id) : wait(app.handle(work, id))).finally(() =>
      open.delete(watching),
    );
    open.add(watching);
  }
  await sleep(50);
}
await Promise.all(open);
for (const { file } of files.values()) closeSync(file);
await app.stop();
await close();
