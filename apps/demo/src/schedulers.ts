import type { BaseSchedulerBackend } from '@flowrra/core';
import { getSchedulerBackend, Scheduler } from '@flowrra/scheduler';
import { app, databaseUrl } from './flowrra.js';
import { runId } from './run-id.js';

const stores: BaseSchedulerBackend[] = [];

/**
 * Attaches a scheduler to the app, which starts and stops it. Any number of them may share a store, in one process or in
 * many: whichever sees first that a slot is due fires it. Nothing is connected before the first use.
 * @param node what the ledger calls it
 * @throws BackendError for an address that is none
 */
export async function attachScheduler(node: string): Promise<Scheduler> {
  const backend = await openScheduleStore();
  stores.push(backend);
  return new Scheduler(app, { backend, node });
}

/** Every run has tables of its own, so that runs do not meet. Whoever opens a store closes it. */
export function openScheduleStore(): Promise<BaseSchedulerBackend> {
  return getSchedulerBackend(databaseUrl, { tablePrefix: `flowrra_demo_${runId}_` });
}

/** To be called when the app has stopped. */
export async function closeScheduleStores(): Promise<void> {
  await Promise.all(stores.map((store) => store.close()));
}
