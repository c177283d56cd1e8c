// Reads and waits of a chaos run.
import { setTimeout as sleep } from 'node:timers/promises';
import { seenOf } from '../history/seen.mjs';
import { codeOf, nextCall, note } from './actor.mjs';

/**
 * Reads a task once.
 * @param {import('@flowrra/core').Flowrra} app
 * @param {string} id
 */
export async function read(app, id) {
  const call = nextCall();
  note({ event: 'read.invoke', id, call });
  try {
    const seen = seenOf(await app.get(id));
    note({ event: 'read.ok', id, call, seen });
    return seen;
  } catch (err) {
    note({ event: 'read.fail', id, call, code: codeOf(err) });
    return null;
  }
}

/**
 * Awaits the end of a task. A wait does not begin while the store is away: then it is begun again.
 * @param {import('@flowrra/core').TaskHandle} handle
 */
export async function wait(handle) {
  for (;;) {
    const [id, call] = [handle.id, nextCall()];
    note({ event: 'wait.invoke', id, call });
    try {
      return note({ event: 'wait.ok', id, call, seen: seenOf(await handle.outcome()) });
    } catch (err) {
      note({ event: 'wait.fail', id, call, code: codeOf(err) });
      if (codeOf(err) !== 'STORE_UNAVAILABLE') return;
      await sleep(300);
    }
  }
}
