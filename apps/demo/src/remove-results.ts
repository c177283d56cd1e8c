import { FlowrraError, getBackend } from '@flowrra/core';
import { keyPrefixOf } from './flowrra.js';
import { screen } from './screen.js';

/** Leaves the Redis as it was found: queues are empty at the end of a run, results are not. */
export async function removeResults(url: string, runId: string): Promise<void> {
  try {
    const backend = await getBackend(url, { keyPrefix: keyPrefixOf(runId) });
    await backend.clear();
    await backend.close();
  } catch (err) {
    if (!(err instanceof FlowrraError)) throw err;
    screen.print(`The results of this run could not be removed and go by themselves within a minute: ${err.message}`);
  }
}
