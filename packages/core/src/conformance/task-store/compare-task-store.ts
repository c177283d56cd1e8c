import assert from 'node:assert/strict';
import type { TaskStore } from '../../stores/task-store.js';
import type { TaskStatus } from '../../tasks/task-status.js';
import { fromResult } from './model-results.js';
import type { TaskStoreModel } from './task-store-model.js';

/** What is looked at. */
interface Sights {
  readonly ids: readonly string[];
  readonly queues: readonly string[];
  readonly status: TaskStatus;
  /** The store's time at which the model's began. */
  readonly epoch: number;
}

/** Whatever can be seen from outside is the same in the store and in its model. */
export async function compareTaskStore(
  store: TaskStore,
  model: TaskStoreModel,
  { ids, queues, status, epoch }: Sights,
  when: string,
): Promise<void> {
  const [results, held, sizes, list] = await Promise.all([
    Promise.all(ids.map((id) => store.get(id))),
    store.holds(ids),
    Promise.all(queues.map((queue) => store.size(queue))),
    store.listByStatus(status),
  ]);
  assert.deepEqual(
    ids.map((id, i) => [id, fromResult(results[i] ?? null, epoch)]),
    ids.map((id) => [id, model.results.get(id) ?? null]),
    `results ${when}`,
  );
  const holds = ids.map((id) => model.messages.has(id));
  assert.deepEqual(held, holds, `what of ${ids} is held ${when}`);
  assert.deepEqual(
    queues.map((queue, i) => [queue, sizes[i]]),
    queues.map((queue) => [queue, model.size(queue)]),
    `sizes ${when}`,
  );
  assert.deepEqual(
    list.map(({ taskId }) => taskId),
    model.list(status),
    `${status} tasks ${when}`,
  );
}
