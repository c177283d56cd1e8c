import type { BackendWaitOptions } from './backends/base-result-backend.js';
import type { BaseBroker } from './brokers/base-broker.js';
import { NoWorkerError, StoppedError } from './errors.js';
import { onAbort } from './on-abort.js';
import { isServed } from './stores/served-lanes.js';
import type { TaskStore } from './stores/task-store.js';
import type { TaskPlace } from './tasks/task-handle.js';
import { type FinishedTaskResult, isFinished } from './tasks/task-result.js';

interface WaitStores {
  readonly store: TaskStore;
  readonly broker: BaseBroker;
}

/** A wait in a store of this process ends only if the process works: without a worker it is refused. */
export function waitForTask(
  { store, broker }: WaitStores,
  taskId: string,
  place: TaskPlace,
  options: BackendWaitOptions,
): Promise<FinishedTaskResult> {
  const isUnserved = broker.supports.processLocal && !isServed(broker, place.queue, place.lane);
  return isUnserved ? waitElsewhere({ store, broker }, taskId, place, options) : store.waitFor(taskId, options);
}

/** The same for a task that has ended, or waits in another queue than its handle knows. @throws NoWorkerError for others */
async function waitElsewhere(
  { store, broker }: WaitStores,
  taskId: string,
  { queue, lane }: TaskPlace,
  options: BackendWaitOptions,
): Promise<FinishedTaskResult> {
  const result = await store.get(taskId);
  if (result && (isFinished(result) || isServed(broker, result.queue, lane))) return store.waitFor(taskId, options);
  throw new NoWorkerError(taskId, result?.queue ?? queue, lane);
}

/** A wait that ends with StoppedError when `closing` aborts, besides its own ends. */
export async function waitUntil(
  closing: AbortSignal,
  options: BackendWaitOptions,
  wait: (options: BackendWaitOptions) => Promise<FinishedTaskResult>,
): Promise<FinishedTaskResult> {
  const { signal } = options;
  const end = new AbortController();
  const stopListening = onAbort(closing, () => end.abort());
  const stopListeningToUser = signal && onAbort(signal, () => end.abort(signal.reason));
  try {
    return await wait({ ...options, signal: end.signal });
  } catch (err) {
    if (end.signal.aborted && !signal?.aborted) throw new StoppedError('The app');
    throw err;
  } finally {
    stopListening();
    stopListeningToUser?.();
  }
}
