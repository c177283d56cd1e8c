import {
  type BackendWaitOptions,
  type BaseBroker,
  BaseResultBackend,
  JoinedTaskStore,
  type Page,
  type StoreContext,
  type TaskResult,
  type TaskStatus,
} from '@flowrra/core';
import { describeTaskStore } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { createStoreWorld } from './worlds.js';

/** A backend that lost each reply to a store and asked again, as one on a server does: it answers what it heard then. */
class StoresTwice extends BaseResultBackend {
  constructor(readonly backend: BaseResultBackend) {
    super();
  }

  async store(taskId: string, result: TaskResult): Promise<boolean> {
    await this.backend.store(taskId, result);
    return this.backend.store(taskId, result);
  }

  get(taskId: string) {
    return this.backend.get(taskId);
  }

  waitFor(taskId: string, options?: BackendWaitOptions) {
    return this.backend.waitFor(taskId, options);
  }

  override listByStatus(status: TaskStatus, page?: Page) {
    return this.backend.listByStatus(status, page);
  }
}

class JoinsWhatStoresTwice extends JoinedTaskStore {
  constructor(broker: BaseBroker, backend: BaseResultBackend, context: Required<StoreContext>) {
    super(broker, new StoresTwice(backend), context);
  }
}

// Memory is seen by one process.
const without = ['second'] as const;

describe('InMemoryBroker joined with InMemoryBackend', () => {
  describeTaskStore({ describe, it }, { create: (settings) => createStoreWorld(settings), without });
});

describe('InMemoryBroker joined with results whose first reply is always lost', () => {
  describeTaskStore(
    { describe, it },
    { create: (settings) => createStoreWorld(settings, JoinsWhatStoresTwice), without },
  );
});
