import {
  ArgumentError,
  ConfigError,
  checkName,
  type Flowrra,
  isTaskContract,
  type TaskContract,
  TaskNotFoundError,
} from '@flowrra/core';

/** The tasks that this process can enqueue: those that run here, and contracts whose code is elsewhere. */
export class KnownTasks {
  readonly #app: Flowrra;
  readonly #contracts = new Map<string, TaskContract>();

  /** @throws ConfigError for what is no list of contracts */
  constructor(app: Flowrra, contracts: unknown) {
    this.#app = app;
    if (!Array.isArray(contracts) || !contracts.every(isTaskContract))
      throw new ConfigError('tasks', 'tasks must be an array of what app.task() or defineTask() returned.');
    for (const contract of contracts) {
      checkName(contract.name, 'tasks');
      this.remember(contract);
    }
  }

  find(name: string): TaskContract | null {
    return this.#app.findTask(name) ?? this.#contracts.get(name) ?? null;
  }

  remember(contract: TaskContract): void {
    this.#contracts.set(contract.name, contract);
  }

  /** The contract that a definition means. @throws TaskNotFoundError, ArgumentError */
  resolve(task: unknown): TaskContract {
    if (isTaskContract(task)) return task;
    if (typeof task !== 'string')
      throw new ArgumentError(
        'task',
        'task must be what app.task() or defineTask() returned, or the name of a registered task.',
      );
    const contract = this.find(checkName(task, 'task'));
    if (contract) return contract;
    throw new TaskNotFoundError(task);
  }
}
