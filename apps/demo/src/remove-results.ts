import { FlowrraError, getBackend } from '@flowrra/core';
import { keyPrefixOf } from './flowrra.js';
import { screen } from './screen.js';

/** Takes the results of a run out of Redis again; its queues are empty by then. */
export async function removeResults(url: string, runId: string): Promise<void> {
  const backend = await getBackend(url, { keyPrefix: keyPrefixOf(runId) });
  try {
    await backend.clear();
  } catch (err) {
    if (!(err instanceof FlowrraError)) throw err;
    screen.print(`The results of this run could not be removed and go by themselves within a minute: ${err.message}`);
  } finally {
    await backend.close();
  }
}
