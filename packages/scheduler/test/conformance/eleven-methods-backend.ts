import { BaseSchedulerBackend, type ScheduledTask, type StoreContext } from '@flowrra/core';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';

/** What an author writes who implements only the eleven abstract methods. */
export class ElevenMethodsBackend extends BaseSchedulerBackend {
  readonly #store = new InMemorySchedulerBackend();

  override open(context: StoreContext): Promise<void> {
    return this.#store.open(context);
  }

  create(task: ScheduledTask): Promise<void> {
    return this.#store.create(task);
  }

  update(task: ScheduledTask): Promise<void> {
    return this.#store.update(task);
  }

  delete(id: string): Promise<boolean> {
    return this.#store.delete(id);
  }

  get(id: string): Promise<ScheduledTask | null> {
    return this.#store.get(id);
  }

  listAll(): Promise<ScheduledTask[]> {
    return this.#store.listAll();
  }

  listEnabled(): Promise<ScheduledTask[]> {
    return this.#store.listEnabled();
  }

  listDue(now?: Date): Promise<ScheduledTask[]> {
    return this.#store.listDue(now);
  }

  updateRunTimes(id: string, lastRun: Date, nextRun: Date | null): Promise<void> {
    return this.#store.updateRunTimes(id, lastRun, nextRun);
  }

  clear(): Promise<number> {
    return this.#store.clear();
  }

  findByDefinition(...definition: Parameters<BaseSchedulerBackend['findByDefinition']>): Promise<ScheduledTask | null> {
    return this.#store.findByDefinition(...definition);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
